//! The lines behind a line: settings of a block, objects that it names.

use crate::World;
use crate::line::Line;
use crate::near_miss::NearMiss;
use dialects::statement::{self, About, Part, Whole};
use findings::Span;
use networks::model::Device;
use packets::Packet;
use std::net::IpAddr;

/// How many rules that nearly fitted are told.
const MISSES_MAX: usize = 3;

/// How many lines are told of one statement.
const TOLD_MAX: usize = 6;

/// How many leading bits a line without addresses counts as sharing: less than
/// a line that names a neighbouring subnet, more than one for elsewhere.
const BITS_UNTOLD: u32 = 12;

/// The lines that the statement at a span is made of, about one of some things;
/// those with addresses nearest to one of those given first.
pub(crate) fn behind(world: &World<'_>, at: Span, about: &[About], near: &[IpAddr]) -> Vec<Line> {
    let Some(source) = world.sources.file(at.file) else {
        return Vec::new();
    };
    let parts = statement::parts(at.file, source, at);
    let mut parts: Vec<(u32, Part<'_>)> = parts
        .into_iter()
        .filter(|part| about.contains(&part.about))
        .map(|part| (bits(part.text, near), part))
        .collect();
    // The order of the text stays among equals.
    parts.sort_by_key(|(bits, _)| std::cmp::Reverse(*bits));
    parts
        .into_iter()
        .take(TOLD_MAX)
        .map(|(_, part)| Line::new(text(part.about), Some(part.span)))
        .collect()
}

/// The lines behind each of some lines, beside them.
pub(crate) fn with_behind(world: &World<'_>, lines: Vec<Line>, about: &[About]) -> Vec<Line> {
    let mut told = Vec::with_capacity(lines.len());
    for line in lines {
        let inner = line.span.map(|span| behind(world, span, about, &[]));
        told.push(line);
        told.extend(inner.into_iter().flatten());
    }
    told
}

/// The line by which a device says something of itself as a whole.
pub(crate) fn whole(world: &World<'_>, device: &Device, what: Whole) -> Option<Line> {
    let source = world.sources.file(device.file)?;
    let span = statement::whole(device.file, source, what)?;
    let text = match what {
        Whole::Forwarding => format!("`{}` is told here whether it forwards", device.name),
        Whole::Routes => format!("the static routes of `{}` stand here", device.name),
    };
    Some(Line::new(text, Some(span)))
}

fn text(about: About) -> &'static str {
    match about {
        About::Source => "its sources are told here",
        About::Destination => "its destinations are told here",
        About::Service => "its services are told here",
        About::Match => "what it is for is told here",
        About::Enters => "the interface that packets enter by is told here",
        About::Leaves => "the interface that packets leave by is told here",
        About::Effect => "what it does is told here",
        About::Translation => "its translation is told here",
        About::Prefix => "its destinations are told here",
        About::Gateway => "its next hop is told here",
        About::Address => "its address is told here",
    }
}

/// The most leading bits that an address in a text shares with one given.
fn bits(text: &str, near: &[IpAddr]) -> u32 {
    let addresses = text
        .split(|letter: char| !(letter.is_ascii_hexdigit() || letter == '.' || letter == ':'))
        .filter_map(|word| word.parse::<IpAddr>().ok());
    let shared = addresses.flat_map(|found| near.iter().map(move |near| shared_bits(found, *near)));
    shared.max().unwrap_or(BITS_UNTOLD)
}

/// Counts the leading bits that two addresses of one family have in common.
pub(crate) fn shared_bits(left: IpAddr, right: IpAddr) -> u32 {
    match (left, right) {
        (IpAddr::V4(left), IpAddr::V4(right)) => (left.to_bits() ^ right.to_bits()).leading_zeros(),
        (IpAddr::V6(left), IpAddr::V6(right)) => (left.to_bits() ^ right.to_bits()).leading_zeros(),
        _ => 0,
    }
}

/// What a line that drops packets is about.
pub(crate) const RULES: &[About] = &[
    About::Effect,
    About::Source,
    About::Destination,
    About::Service,
    About::Match,
];

/// A line a rule, and one for each list's line that the mismatch is in, with
/// what these are made of.
pub(crate) fn told(
    world: &World<'_>,
    misses: Vec<NearMiss<'_>>,
    packet: &Packet,
    does: &str,
) -> Vec<Line> {
    let mut lines = Vec::new();
    for miss in misses.into_iter().take(MISSES_MAX) {
        let texts: Vec<&str> = miss.mismatches.iter().map(|m| m.text.as_str()).collect();
        let text = format!("{does}, but {}", texts.join(", and "));
        lines.push(Line::new(text, Some(miss.rule.origin)));
        for mismatch in miss.mismatches {
            let about = mismatch
                .about
                .map_or(RULES.to_vec(), |about| vec![about, About::Match]);
            let near = match mismatch.about {
                Some(About::Source) => vec![packet.source],
                Some(About::Destination) => vec![packet.destination],
                _ => vec![packet.source, packet.destination],
            };
            let mut places = vec![Line::new("", Some(miss.rule.origin))];
            if let Some((text, span)) = mismatch.interface {
                places.push(Line::new(text, Some(span)));
            }
            if mismatch.span.is_some() {
                places.push(Line::new(mismatch.text, mismatch.span));
            }
            let others = mismatch.others.into_iter();
            places.extend(others.map(|(text, span)| Line::new(text, Some(span))));
            for place in places {
                let parts = place.span.map(|span| behind(world, span, &about, &near));
                lines.extend(Some(place).filter(|place| !place.text.is_empty()));
                lines.extend(parts.into_iter().flatten());
            }
        }
    }
    lines
}
