//! The lines behind a line: settings of a block, objects that it names.

use crate::World;
use crate::missing::shared_bits;
use crate::story::Line;
use dialects::statement::{self, About, Part, Whole};
use findings::Span;
use networks::model::Device;
use std::net::IpAddr;

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
