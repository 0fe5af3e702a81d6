//! Packets that leave a network under addresses that others are not to see.

use crate::World;
use crate::clues::missed_translation;
use findings::Span;
use networks::interpret::{HookOutcome, HopTrace, Step, Trace};
use networks::model::DeviceId;
use region::{NetworkName, Prefix, Spanned};
use std::net::IpAddr;

/// Where a packet left a network untranslated.
#[derive(Debug, Clone)]
pub(crate) struct Untranslated {
    /// The last device of the network that it passed.
    pub(crate) device: DeviceId,
    /// The line to look at: a translation rule that nearly applied, or the rule
    /// that let it out.
    pub(crate) span: Option<Span>,
    /// What happened, in a sentence without a final period.
    pub(crate) text: String,
}

/// Finds the network that let a packet out under a source address for which
/// the region declares another (`seen-as`).
pub(crate) fn untranslated(world: &World<'_>, trace: &Trace) -> Option<Untranslated> {
    let network = world.network_of(trace.hops.first()?.device)?;
    let inside = |hop: &&HopTrace| world.network_of(hop.device) == Some(network);
    let hops = trace.hops.iter().take_while(inside).count();
    let source = trace.hops.get(hops)?.received.source;
    let seen_as = seen_as(world, network, source)?;
    let own = trace.hops.get(..hops)?;
    let last = own.last()?;
    Some(Untranslated {
        device: last.device,
        span: missed_translation(world, own).or_else(|| let_out(own)),
        text: format!(
            "`{}` lets it out of `{network}` as {source}, which others are to see as {seen_as}",
            world.device_name(last.device)
        ),
    })
}

/// Returns by which prefix others are to see an address of a network, where the
/// region declares that and the address itself is not one of those.
fn seen_as<'a>(world: &World<'a>, network: &NetworkName, address: IpAddr) -> Option<&'a Prefix> {
    let region = world.region?;
    let holds = |prefixes: &[Spanned<Prefix>]| {
        prefixes
            .iter()
            .any(|prefix| prefix.net().contains(&address))
    };
    let of_segments = region
        .segments()
        .filter(|(_, info)| info.network == network && holds(&info.segment.prefixes))
        .map(|(_, info)| &info.segment.seen_as);
    let of_services = region
        .services()
        .filter(|info| info.network == network && holds(&info.service.addresses))
        .map(|info| &info.service.seen_as);
    let mut declared = of_services
        .chain(of_segments)
        .filter(|seen| !seen.is_empty());
    let seen = declared.next()?;
    let first = seen.first()?;
    (!holds(seen)).then_some(&first.value)
}

/// The last explicit rule that let a packet pass.
fn let_out(hops: &[HopTrace]) -> Option<Span> {
    hops.iter().rev().find_map(|hop| {
        hop.steps.iter().rev().find_map(|step| match step {
            Step::Hook(seen) if seen.outcome == HookOutcome::Accepted => {
                seen.rules.last().filter(|rule| rule.rule.is_some())?.origin
            }
            _ => None,
        })
    })
}
