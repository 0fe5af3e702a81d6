//! What is said about a session that does not come up.

use super::super::super::codes::{BGP_MISMATCH, BGP_NEIGHBOUR_UNKNOWN, BGP_SESSION_DOWN};
use super::Speakers;
use super::matching::Refusal;
use crate::model::{BgpNeighbor, Device};
use findings::{Finding, Severity, Span};
use packets::slip;
use std::net::IpAddr;

/// How many interfaces are named that should perhaps lead to a neighbour.
const NEAREST_MAX: usize = 3;

/// Makes the finding of one neighbour whose session is down.
pub(super) fn of(
    speakers: &Speakers<'_>,
    at: usize,
    neighbor: &BgpNeighbor,
    refusal: &Refusal<'_>,
) -> Option<Finding> {
    let speaker = speakers.all.get(at)?;
    let device = speakers.network.device(speaker.device)?;
    let address = neighbor.address.addr();
    let make = |code, severity, why: &str, other: Option<Span>| {
        let mut finding = Finding::new(
            code,
            severity,
            format!("`{}` has no BGP session with {address}: {why}", device.name),
        )
        .at(neighbor.origin)
        .because("this end", Some(neighbor.origin));
        if let Some(other) = other {
            finding = finding.because("the other end", Some(other));
        }
        finding
    };
    let down = |why| make(BGP_SESSION_DOWN, Severity::Warning, why, None);
    let differ =
        |why, back: &BgpNeighbor| make(BGP_MISMATCH, Severity::Error, why, Some(back.origin));
    Some(match refusal {
        Refusal::Stranger => Finding::new(
            BGP_NEIGHBOUR_UNKNOWN,
            Severity::Note,
            format!(
                "no configuration is held of {address}, a BGP neighbour of `{}`; what it alone announces is unknown",
                device.name
            ),
        )
        .at(neighbor.origin),
        Refusal::NoSystem => down("no system is configured for it"),
        Refusal::Unreachable => {
            let found = down("nothing leads there and back");
            let near = nearest(device, address).into_iter();
            near.fold(found, |found, (text, origin)| {
                found.because(text, Some(origin))
            })
        }
        Refusal::NoSource => down("the interface to speak from has no address"),
        Refusal::NotConfiguredBack => down("the other end does not have this one as neighbour"),
        Refusal::ShutBack(back) => differ("the other end is configured off", back),
        // Bad Peer AS (RFC 4271 section 6.2) is the other end's to say.
        Refusal::SystemBack => return None,
        Refusal::System(back) => differ("the ends disagree on the autonomous systems", back),
        Refusal::Password(back) => differ("the passwords differ", back),
        Refusal::TooFar(back) => differ(
            "it is not directly connected and not both ends allow several hops",
            back,
        ),
        Refusal::OtherSource(back) => differ("the other end speaks from another address", back),
    })
}

/// The interfaces by which a device should perhaps reach an address directly:
/// those whose subnets are written most like it.
fn nearest(device: &Device, to: IpAddr) -> Vec<(String, Span)> {
    let addresses = device.interfaces.iter().flat_map(|interface| {
        let own = interface.addresses.iter();
        own.filter_map(move |address| {
            let slip = slip(address.net.addr(), to, address.net.prefix_len().into())?;
            Some((slip, interface, address))
        })
    });
    let mut addresses: Vec<_> = addresses.collect();
    addresses.sort_by_key(|(slip, ..)| *slip);
    let nearest = addresses.into_iter().take(NEAREST_MAX);
    nearest
        .map(|(_, interface, address)| {
            let state = if interface.is_up() {
                ""
            } else {
                ", which is down"
            };
            let text = format!("has {} on `{}`{state}", address.net, interface.name);
            (text, address.origin)
        })
        .collect()
}
