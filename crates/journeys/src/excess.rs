//! Packets that pass between networks although nobody asked for them, and red
//! lines that are crossed.

use crate::World;
use crate::ask::{Engines, Inquiry, Outcome};
use crate::beyond::is_filter;
use crate::judge::{in_threads, traces};
use crate::placement::{End, Placed, ends_of, place_prefix, place_segment, place_service};
use crate::traffic;
use crate::verdict::Asked;
use findings::{Code, Finding, Severity, Span};
use ipnet::IpNet;
use networks::interpret::{HookOutcome, Step, Trace};
use networks::model::{Condition, DeviceId, Port};
use packets::{AddressSet, Family, Packet};
use region::files::{RedLine, RedLineEnd};
use region::{Date, NetworkName, Region, SegmentRef};
use std::collections::{BTreeMap, BTreeSet};

/// Packets that could open something pass, and no agreement asks for them.
pub const EXPOSED: Code = Code::new("exposed");
/// Such packets pass with forged source addresses alone.
pub const EXPOSED_SPOOFED: Code = Code::new("exposed-spoofed");
/// What a red line forbids is possible.
pub const RED_LINE: Code = Code::new("red-line-crossed");
/// It cannot be told whether a red line holds.
pub const RED_LINE_UNKNOWN: Code = Code::new("red-line-unknown");

/// How many pairs a finding names.
const NAMED_MAX: usize = 8;

/// A pair of places between which packets pass that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excess {
    /// Where they come from.
    pub from: SegmentRef,
    /// What they reach: a segment, or a service outside every segment.
    pub to: String,
    /// One of them.
    pub packet: Packet,
    /// Whether its source address is one of the segment's own.
    pub genuine: bool,
    /// A port on the segment's link.
    pub port: Port,
}

/// Something that packets may reach.
struct Target<'a> {
    name: String,
    network: &'a NetworkName,
    addresses: Vec<IpNet>,
    seen_as: Vec<IpNet>,
    ends: Vec<End>,
}

impl Target<'_> {
    fn addresses_seen_from(&self, network: &NetworkName) -> &[IpNet] {
        let own = self.network == network || self.seen_as.is_empty();
        if own { &self.addresses } else { &self.seen_as }
    }
}

/// Finds the pairs of places in different networks between which packets pass
/// that no agreement in force asks for; none where there are no agreements.
pub fn excess(world: &World<'_>, region: &Region, today: Date) -> Vec<Excess> {
    if region.agreements_in_force(today).next().is_none() {
        return Vec::new();
    }
    let targets = targets(world, region);
    let asked = AskedFor::of(region, today);
    let mut pairs = Vec::new();
    for (reference, info) in region.segments() {
        for placed in place_segment(world, info) {
            for target in targets
                .iter()
                .filter(|target| target.network != info.network)
            {
                pairs.push((reference.clone(), info.network, placed, target));
            }
        }
    }
    let mut found = in_threads(world, &pairs, |engines, (from, network, placed, target)| {
        let wanted = asked.between(region, from, network, target);
        let passing = pass(engines, *placed, network, target, &wanted);
        let excess = passing.map(|(packet, genuine)| Excess {
            from: from.clone(),
            to: target.name.clone(),
            packet,
            genuine,
            port: placed.port,
        });
        Vec::from_iter(excess)
    });
    found.sort();
    found
}

/// Returns a packet that surely passes and that nobody asked for, and whether its
/// source is genuine; one with a forged source only where there is no other.
fn pass(
    engines: &mut Engines<'_>,
    placed: Placed,
    network: &NetworkName,
    target: &Target<'_>,
    wanted: &Condition,
) -> Option<(Packet, bool)> {
    let family = Family::of(placed.prefix.addr());
    let destinations =
        traffic::of_family(target.addresses_seen_from(network).iter().copied(), family);
    if destinations.0.is_empty() {
        return None;
    }
    let inquiry = Inquiry {
        family,
        from: placed.port,
        sources: AddressSet::all_of(family),
        destinations,
        traffic: Condition::All(vec![
            traffic::opening(),
            Condition::Not(Box::new(wanted.clone())),
        ]),
        ends: target.ends.clone(),
        arriving: None,
        answered: false,
    };
    let genuine = traffic::of_family([placed.prefix], family);
    let passing = engines.passing(&inquiry, &genuine).or_else(|_| {
        // Sets of the segment's own packets alone are smaller.
        let sources = genuine.clone();
        engines.passing(&Inquiry { sources, ..inquiry }, &genuine)
    });
    passing.ok().flatten()
}

/// Everything that packets may reach: segments, and services outside all of them.
fn targets<'a>(world: &World<'_>, region: &'a Region) -> Vec<Target<'a>> {
    let nets = |prefixes: &[region::Spanned<region::Prefix>]| -> Vec<IpNet> {
        prefixes.iter().map(|prefix| prefix.net()).collect()
    };
    let mut targets: Vec<Target<'a>> = region
        .segments()
        .map(|(reference, info)| Target {
            name: reference.to_string(),
            network: info.network,
            addresses: nets(&info.segment.prefixes),
            seen_as: nets(&info.segment.seen_as),
            ends: place_segment(world, info)
                .into_iter()
                .map(|p| End::Segment(p.port))
                .collect(),
        })
        .collect();
    for info in region.services() {
        let addresses = nets(&info.service.addresses);
        let covered = targets.iter().any(|target| {
            target.network == info.network
                && info.service.seen_as.is_empty()
                && addresses
                    .iter()
                    .all(|a| target.addresses.iter().any(|net| net.contains(a)))
        });
        if !covered {
            targets.push(Target {
                name: info.reference.to_string(),
                network: info.network,
                seen_as: nets(&info.service.seen_as),
                ends: place_service(world, &info),
                addresses,
            });
        }
    }
    targets.retain(|target| !target.ends.is_empty());
    targets
}

/// What agreements in force ask for, by segment.
struct AskedFor(BTreeMap<SegmentRef, BTreeSet<region::ServiceRef>>);

impl AskedFor {
    fn of(region: &Region, today: Date) -> Self {
        let mut asked: BTreeMap<SegmentRef, BTreeSet<_>> = BTreeMap::new();
        for key in region.journeys(today).into_keys() {
            asked.entry(key.segment).or_default().insert(key.service);
        }
        Self(asked)
    }

    /// Which packets from a segment to a target are asked for, or answer what
    /// is asked for the other way.
    fn between(
        &self,
        region: &Region,
        from: &SegmentRef,
        network: &NetworkName,
        target: &Target<'_>,
    ) -> Condition {
        let mut wanted = Vec::new();
        let addresses = |nets: &[region::Spanned<region::Prefix>]| {
            AddressSet(
                nets.iter()
                    .map(|net| packets::AddressMatch::Net(net.net()))
                    .collect(),
            )
        };
        let Some(source) = region.segment(from) else {
            return Condition::Any(wanted);
        };
        for service in self
            .0
            .get(from)
            .into_iter()
            .flatten()
            .filter_map(|s| region.service(s))
        {
            wanted.push(Condition::All(vec![
                Condition::Source(addresses(&source.segment.prefixes)),
                Condition::Destination(addresses(service.addresses_seen_from(network))),
                traffic::towards(&service.service.ports),
            ]));
        }
        for (asking, services) in &self.0 {
            let Some(asking) = region.segment(asking) else {
                continue;
            };
            if asking.network != target.network {
                continue;
            }
            for service in services
                .iter()
                .filter_map(|service| region.service(service))
            {
                if service.network == network {
                    wanted.push(Condition::All(vec![
                        Condition::Source(addresses(&service.service.addresses)),
                        Condition::Destination(addresses(asking.prefixes_seen_from(network))),
                        traffic::answers(&service.service.ports),
                    ]));
                }
            }
        }
        Condition::Any(wanted)
    }
}

/// Puts excess into findings: one for each line that lets it pass.
pub fn findings(world: &World<'_>, excess: &[Excess]) -> Vec<Finding> {
    /// Whether sources are genuine, and which line of which device lets it pass.
    type Cause = (bool, Option<DeviceId>, Option<Span>);
    let mut causes: BTreeMap<Cause, (Finding, BTreeSet<String>)> = BTreeMap::new();
    for excess in excess {
        let traces = traces(world, excess.port, excess.packet);
        let Some((trace, _)) = traces.iter().find(|(t, _)| t.disposition.is_delivered()) else {
            continue;
        };
        let (device, span) = last_permit(world, trace);
        let key = (excess.genuine, device, span);
        let (_, pairs) = causes
            .entry(key)
            .or_insert_with(|| (exposed(world, excess, device, span), BTreeSet::new()));
        pairs.insert(format!("{} to {}", excess.from, excess.to));
    }
    causes
        .into_values()
        .map(|(mut finding, pairs)| {
            let number = pairs.len();
            let noun = if number == 1 { "pair" } else { "pairs" };
            finding.message = format!("{} ({number} {noun})", finding.message);
            for pair in pairs.iter().take(NAMED_MAX) {
                finding = finding.because(format!("from {pair}"), None);
            }
            if number > NAMED_MAX {
                finding = finding.because(format!("and {} more", number - NAMED_MAX), None);
            }
            finding
        })
        .collect()
}

fn exposed(
    world: &World<'_>,
    excess: &Excess,
    device: Option<DeviceId>,
    span: Option<Span>,
) -> Finding {
    let name = device.map_or("?", |device| world.device_name(device));
    let (code, severity, what) = if excess.genuine {
        (
            EXPOSED,
            Severity::Warning,
            "packets that no agreement asks for",
        )
    } else {
        (
            EXPOSED_SPOOFED,
            Severity::Note,
            "packets with forged source addresses",
        )
    };
    let mut finding = Finding::new(code, severity, format!("`{name}` lets {what} pass"))
        .because(format!("for example {}", excess.packet), None);
    finding.primary = span.or_else(|| {
        device
            .and_then(|d| world.network.device(d))
            .and_then(|d| world.device_span(d))
    });
    finding.owner = device.and_then(|device| world.owner_of(device));
    finding.with_hint(if excess.genuine {
        "narrow the line to what agreements ask for; what else uses it today may break"
    } else {
        "check sources where the segment enters (unicast reverse-path forwarding)"
    })
}

/// Returns the last explicit rule of a filter that let the packet pass, or the
/// last device on its way where none did.
fn last_permit(world: &World<'_>, trace: &Trace) -> (Option<DeviceId>, Option<Span>) {
    for hop in trace.hops.iter().rev() {
        let Some(device) = world.network.device(hop.device) else {
            continue;
        };
        for step in hop.steps.iter().rev() {
            let Step::Hook(hook) = step else { continue };
            let filter = device
                .hooks
                .get(hook.hook)
                .is_some_and(|hook| is_filter(device, hook));
            let span = hook.rules.last().and_then(|rule| rule.origin);
            if filter && hook.outcome == HookOutcome::Accepted && span.is_some() {
                return (Some(hop.device), span);
            }
        }
    }
    (trace.hops.last().map(|hop| hop.device), None)
}

/// Judges the red lines of the region and of its networks.
pub fn red_lines(world: &World<'_>, region: &Region) -> Vec<Finding> {
    let of_networks = region
        .networks
        .values()
        .flat_map(|network| network.about.red_lines.iter());
    let lines: Vec<_> = region.about.red_lines.iter().chain(of_networks).collect();
    in_threads(world, &lines, |engines, (name, line)| {
        judge_red_line(
            world,
            engines,
            region,
            &name.value.to_string(),
            name.span,
            line,
        )
    })
}

/// Judges one red line: whether anything it forbids is possible, forged
/// sources included where it names segments.
fn judge_red_line(
    world: &World<'_>,
    engines: &mut Engines<'_>,
    region: &Region,
    name: &str,
    span: Span,
    line: &RedLine,
) -> Vec<Finding> {
    let mut worst: Option<(Outcome, Port)> = None;
    for start in starts(world, region, &line.from) {
        for target in ends(world, region, &line.to) {
            let family = Family::of(start.prefix.addr());
            let inquiry = Inquiry {
                family,
                from: start.port,
                sources: AddressSet::all_of(family),
                destinations: traffic::of_family(target.addresses.iter().copied(), family),
                traffic: if line.on.is_empty() {
                    target.traffic.clone()
                } else {
                    traffic::towards(&line.on)
                },
                ends: target.ends.clone(),
                arriving: None,
                answered: false,
            };
            let outcome = engines
                .ask(&inquiry)
                .ok()
                .filter(|outcome| !outcome.vacuous);
            let rank = |o: &Outcome| match o.reach.asked {
                Asked::Works | Asked::Partly => 2,
                Asked::Unknown => 1,
                _ => 0,
            };
            if let Some(outcome) = outcome
                && worst
                    .as_ref()
                    .is_none_or(|worst| rank(&outcome) > rank(&worst.0))
            {
                worst = Some((outcome, start.port));
            }
        }
    }
    let Some((outcome, port)) = worst else {
        return Vec::new();
    };
    let example = outcome.works.or(outcome.reach.witness);
    let finding = match outcome.reach.asked {
        Asked::Works | Asked::Partly => Finding::new(
            RED_LINE,
            Severity::Error,
            format!("red line `{name}` is crossed"),
        ),
        Asked::Unknown => Finding::new(
            RED_LINE_UNKNOWN,
            Severity::Note,
            format!("it cannot be told whether red line `{name}` holds"),
        ),
        Asked::Blocked | Asked::NotChecked => return Vec::new(),
    };
    let mut finding = finding.at(span);
    if let Some(packet) = example {
        finding = finding.because(format!("for example {packet}"), None);
        let traces = traces(world, port, packet);
        if let Some((trace, _)) = traces.iter().find(|(t, _)| t.disposition.is_delivered()) {
            let (device, span) = last_permit(world, trace);
            let name = device.map_or("?", |device| world.device_name(device));
            finding = finding.because(format!("`{name}` lets it through last"), span);
            finding.owner = device.and_then(|device| world.owner_of(device));
            if let Some((text, span)) = way_in(world, trace) {
                finding = finding.because(text, Some(span));
            }
        }
    }
    vec![finding]
}

/// The interface that a packet first came in by: a list that should have stopped
/// it is perhaps missing there.
fn way_in(world: &World<'_>, trace: &Trace) -> Option<(String, Span)> {
    let hop = trace.hops.first()?;
    let device = world.network.device(hop.device)?;
    let interface = device.interface(hop.enters?)?;
    let text = format!("it came to `{}` by `{}`", device.name, interface.name);
    Some((text, interface.origin))
}

fn starts(world: &World<'_>, region: &Region, end: &RedLineEnd) -> Vec<Placed> {
    let segments = end
        .segments
        .iter()
        .filter_map(|segment| region.segment(&segment.value));
    let prefixes = end
        .prefixes
        .iter()
        .flat_map(|p| place_prefix(world, None, p.net()));
    segments
        .flat_map(|info| place_segment(world, info))
        .chain(prefixes)
        .collect()
}

/// Where a red line must not be reached.
struct Forbidden {
    addresses: Vec<IpNet>,
    ends: Vec<End>,
    traffic: Condition,
}

fn ends(world: &World<'_>, region: &Region, end: &RedLineEnd) -> Vec<Forbidden> {
    let segments = end
        .segments
        .iter()
        .filter_map(|segment| region.segment(&segment.value));
    let segments = segments.map(|info| Forbidden {
        addresses: both(&info.segment.prefixes, &info.segment.seen_as),
        ends: place_segment(world, info)
            .into_iter()
            .map(|p| End::Segment(p.port))
            .collect(),
        traffic: traffic::opening(),
    });
    let services = end
        .services
        .iter()
        .filter_map(|service| region.service(&service.value));
    let services = services.map(|info| Forbidden {
        addresses: both(&info.service.addresses, &info.service.seen_as),
        ends: place_service(world, &info),
        traffic: traffic::towards(&info.service.ports),
    });
    let prefixes = end.prefixes.iter().map(|prefix| Forbidden {
        addresses: vec![prefix.net()],
        ends: ends_of(world, None, prefix.net()),
        traffic: traffic::opening(),
    });
    segments
        .chain(services)
        .chain(prefixes)
        .filter(|target| !target.ends.is_empty())
        .collect()
}

fn both(
    own: &[region::Spanned<region::Prefix>],
    seen_as: &[region::Spanned<region::Prefix>],
) -> Vec<IpNet> {
    own.iter()
        .chain(seen_as)
        .map(|prefix| prefix.net())
        .collect()
}
