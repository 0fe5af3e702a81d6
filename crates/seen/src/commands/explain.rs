//! `seen explain`

use crate::answer::Place;
use crate::answer::VERSION;
use crate::arguments::{Explain, PlainFormat};
use crate::exit::Exit;
use crate::failure::{Failure, nearest};
use crate::loaded::Loaded;
use crate::packet_arguments;
use crate::render::story::{self, StoryAnswer};
use crate::render::table;
use crate::terminal;
use findings::Sources;
use ipnet::IpNet;
use journeys::World;
use journeys::ask::{Engines, Inquiry};
use journeys::judge::{self, Verdict};
use journeys::placement::{ends_of, place_prefix};
use journeys::story::{tell, tell_first};
use journeys::traffic;
use journeys::verdict::{Asked, Leg, LegKind};
use networks::interpret::{Choices, Interpreter, Return};
use networks::model::{Condition, Port};
use packets::{Family, Packet, Ports};
use region::{Region, SegmentRef, ServiceRef};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Says why journeys work or do not, hop by hop and line by line.
pub(crate) fn run(arguments: &Explain) -> Result<Exit, Failure> {
    let loaded = Loaded::read(&arguments.input)?;
    let found = match loaded.region() {
        Some(region) => in_region(&loaded, region, arguments)?,
        None => in_folder(&loaded, arguments)?,
    };
    let world = loaded.world();
    let mut text = String::new();
    let mut answers = Vec::new();
    let mut exit = Exit::Fine;
    for (name, verdict) in &found {
        exit = exit.max(match verdict.asked() {
            Asked::Works | Asked::NotChecked => Exit::Fine,
            Asked::Unknown => Exit::Unknown,
            Asked::Partly | Asked::Blocked => Exit::Findings,
        });
        let _ = writeln!(text, "{name}: {}\n", verdict.asked().as_str());
        let told = tell_verdict(&world, verdict, loaded.sources());
        text.push_str(&told.text);
        answers.push(json!({
            "journey": name,
            "asked": verdict.asked().as_str(),
            "legs": told.legs,
            "ways": told.ways,
        }));
    }
    terminal::answer(match arguments.format {
        PlainFormat::Text => text,
        PlainFormat::Json => table::pretty(&json!({ "version": VERSION, "journeys": answers }))?,
    })?;
    Ok(exit)
}

/// Finds the journeys of a region that the arguments name, each pair once.
fn in_region(
    loaded: &Loaded,
    region: &Region,
    arguments: &Explain,
) -> Result<Vec<(String, Verdict)>, Failure> {
    let journeys = region.journeys(loaded.today());
    let from = |segment: &SegmentRef| {
        arguments.from == segment.place.to_string() || arguments.from == segment.to_string()
    };
    let to = |service: &ServiceRef| {
        arguments.to == service.service.to_string() || arguments.to == service.to_string()
    };
    let who = |name: &str| {
        arguments
            .organisation
            .as_ref()
            .is_none_or(|wanted| wanted == name)
    };
    let mut pairs: BTreeSet<(SegmentRef, ServiceRef)> = journeys
        .keys()
        .filter(|key| from(&key.segment) && to(&key.service) && who(key.organisation.as_str()))
        .map(|key| (key.segment.clone(), key.service.clone()))
        .collect();
    if pairs.is_empty() && arguments.organisation.is_none() {
        // Nobody asks for it; what the network does can be told all the same.
        pairs = region
            .segments()
            .filter(|(segment, _)| from(segment))
            .flat_map(|(segment, _)| {
                let services = region.services().filter(|info| to(&info.reference));
                services.map(move |info| (segment.clone(), info.reference))
            })
            .collect();
    }
    if pairs.is_empty() {
        return Err(nothing(region, arguments, from, to));
    }
    let world = loaded.world();
    let mut engines = Engines::new(world);
    Ok(pairs
        .into_iter()
        .filter_map(|(segment, service)| {
            let info = region.segment(&segment)?;
            let target = region.service(&service)?;
            let verdict = judge::judge_pair(&world, &mut engines, info, &target);
            Some((format!("{segment} to {service}"), verdict))
        })
        .collect())
}

/// Says which of the names is not there.
fn nothing(
    region: &Region,
    arguments: &Explain,
    from: impl Fn(&SegmentRef) -> bool,
    to: impl Fn(&ServiceRef) -> bool,
) -> Failure {
    if !region.segments().any(|(segment, _)| from(&segment)) {
        let names = region.segments().map(|(segment, _)| segment.to_string());
        let known = nearest(&arguments.from, names);
        return Failure::NoSuch {
            kind: "site or segment",
            name: arguments.from.clone(),
            known,
        };
    }
    if !region.services().any(|info| to(&info.reference)) {
        let names = region.services().map(|info| info.reference.to_string());
        let known = nearest(&arguments.to, names);
        return Failure::NoSuch {
            kind: "service",
            name: arguments.to.clone(),
            known,
        };
    }
    let name = arguments.organisation.clone().unwrap_or_default();
    let names = region.organisations.keys().map(ToString::to_string);
    Failure::NoSuch {
        kind: "journey of",
        known: nearest(&name, names),
        name,
    }
}

/// Asks from a prefix to a prefix of a bare folder.
fn in_folder(loaded: &Loaded, arguments: &Explain) -> Result<Vec<(String, Verdict)>, Failure> {
    let source = prefix(&arguments.from)?;
    let (target, port) = match arguments.to.rsplit_once(':') {
        Some((address, port)) if prefix(&arguments.to).is_err() => {
            let number = port.parse::<u16>().map_err(|_| Failure::Usage {
                message: format!("`{port}` is not a port"),
                hint: None,
            })?;
            (prefix(address.trim_matches(['[', ']']))?, Some(number))
        }
        _ => (prefix(&arguments.to)?, None),
    };
    let world = loaded.world();
    let family = Family::of(source.addr());
    let condition = match (&arguments.protocol, port) {
        (None, None) => traffic::anything(),
        (name, port) => {
            let name = name.as_deref().unwrap_or("tcp");
            let protocol = packet_arguments::protocol(name, source.addr().is_ipv6())?;
            let ports = port.map(|port| Condition::DestinationPort(Ports::from(port)));
            let mut parts = vec![Condition::Protocol(vec![protocol]), traffic::anything()];
            parts.extend(ports);
            Condition::All(parts)
        }
    };
    let mut engines = Engines::new(world);
    let mut found = Vec::new();
    for placed in place_prefix(&world, None, source) {
        let inquiry = Inquiry {
            family,
            from: placed.port,
            sources: traffic::of_family([placed.prefix], family),
            destinations: traffic::of_family([target], family),
            traffic: condition.clone(),
            ends: ends_of(&world, None, target),
            arriving: None,
            answered: true,
        };
        let outcome = engines.ask(&inquiry).map_err(|error| Failure::Usage {
            message: error.to_string(),
            hint: Some("ask for smaller prefixes".to_owned()),
        })?;
        let mut legs = LegKind::ALL.map(Leg::not_checked).to_vec();
        for leg in &mut legs {
            match leg.kind {
                LegKind::Reach => *leg = outcome.reach.clone(),
                LegKind::Return => *leg = outcome.back.clone(),
                _ => {}
            }
        }
        let verdict = Verdict {
            legs,
            assumptions: Vec::new(),
            port: Some(placed.port),
            works: outcome.works,
            headers: outcome.headers,
            decided: outcome.decided,
        };
        let device = world.device_name(placed.port.device);
        found.push((
            format!("{} at `{device}` to {}", placed.prefix, arguments.to),
            verdict,
        ));
    }
    if found.is_empty() {
        return Err(Failure::Usage {
            message: format!("no interface is in {source}"),
            hint: Some("`seen routes` shows the prefixes that there are".to_owned()),
        });
    }
    Ok(found)
}

fn prefix(text: &str) -> Result<IpNet, Failure> {
    let parsed = text
        .parse::<IpNet>()
        .ok()
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from));
    parsed.map(|net| net.trunc()).ok_or_else(|| Failure::Usage {
        message: format!("`{text}` is neither an address nor a prefix"),
        hint: Some("write 10.1.0.0/16 or 10.1.0.9".to_owned()),
    })
}

/// A verdict told, for people and for programs.
struct Told {
    text: String,
    legs: Vec<Value>,
    ways: Vec<Value>,
}

/// Tells the legs of a verdict, then its witness's ways there and back.
fn tell_verdict(world: &World<'_>, verdict: &Verdict, sources: &Sources) -> Told {
    let mut told = Told {
        text: String::new(),
        legs: Vec::new(),
        ways: Vec::new(),
    };
    for leg in &verdict.legs {
        let witness = leg
            .witness
            .map_or_else(String::new, |packet| format!(", for example {packet}"));
        let _ = writeln!(
            told.text,
            "  {:8} {}{witness}",
            leg.kind.as_str(),
            leg.asked.as_str()
        );
        for doubt in &leg.doubts {
            let place = sources
                .location(doubt.span)
                .map_or_else(String::new, |place| {
                    format!(" ({}:{})", place.path, place.line)
                });
            let _ = writeln!(told.text, "           {}{place}", doubt.reason);
        }
        let doubts = leg.doubts.iter();
        let reasons: Vec<Value> = doubts
            .map(|doubt| json!({ "text": doubt.reason, "place": Place::of(doubt.span, sources) }))
            .collect();
        told.legs.push(json!({
            "leg": leg.kind.as_str(),
            "asked": leg.asked.as_str(),
            "reasons": reasons,
        }));
    }
    told.text.push('\n');
    let failing = verdict
        .legs
        .iter()
        .filter(|leg| leg.asked > Asked::Works)
        .find_map(|leg| leg.witness);
    if let (Some(port), Some(packet)) = (verdict.port, failing.or(verdict.works)) {
        tell_ways(world, port, packet, sources, &mut told);
    }
    told
}

fn tell_ways(world: &World<'_>, port: Port, packet: Packet, sources: &Sources, told: &mut Told) {
    let choices = Choices::default();
    let interpreter = Interpreter::new(world.network, world.routing, &choices);
    for (trace, answers) in judge::traces(world, port, packet) {
        let forward = tell_first(world, &trace);
        let _ = writeln!(told.text, "{packet}\n\n{}", story::text(&forward, sources));
        let mut back = Vec::new();
        for answer in answers {
            let story = tell(world, &answer);
            let came_back = interpreter.returned(&trace, &answer) == Return::CameBack;
            let _ = writeln!(
                told.text,
                "The answer, {}{}\n\n{}",
                answer.packet,
                if came_back {
                    ""
                } else {
                    ", which does not come back"
                },
                story::text(&story, sources)
            );
            back.push(json!({
                "came_back": came_back,
                "story": StoryAnswer::of(&story, sources),
            }));
        }
        told.ways.push(json!({
            "packet": packet.to_string(),
            "story": StoryAnswer::of(&forward, sources),
            "answers": back,
        }));
    }
}
