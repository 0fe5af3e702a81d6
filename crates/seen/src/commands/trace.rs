//! `seen trace`

use crate::answer::VERSION;
use crate::arguments::{PlainFormat, Trace};
use crate::exit::Exit;
use crate::failure::{Failure, nearest};
use crate::loaded::Loaded;
use crate::packet_arguments;
use crate::render::story::{self, StoryAnswer};
use crate::render::table;
use crate::terminal;
use journeys::story::{tell, tell_first, tell_start};
use networks::interpret::{Choices, Interpreter, Start};
use networks::model::{DeviceKind, Port};
use serde_json::json;
use std::fmt::Write as _;

/// Follows a packet, and its answer where it arrived, through every choice.
pub(crate) fn run(arguments: &Trace) -> Result<Exit, Failure> {
    let packet = packet_arguments::first_packet(
        &arguments.source,
        &arguments.destination,
        &arguments.protocol,
    )?;
    let loaded = Loaded::read(&arguments.input)?;
    let world = loaded.world();
    let start = start(&loaded, &arguments.at, packet.source)?;
    let choices = Choices::default();
    let interpreter = Interpreter::new(world.network, world.routing, &choices);
    let walk = interpreter.forward(start, packet);

    let mut text = format!("{packet} {}\n", tell_start(&world, start));
    let mut answers = Vec::new();
    let mut exit = Exit::Fine;
    for (number, trace) in walk.traces.iter().enumerate() {
        if walk.traces.len() > 1 {
            let _ = writeln!(text, "\nWay {} of {}", number + 1, walk.traces.len());
        }
        let forward = tell_first(&world, trace);
        let _ = write!(text, "\n{}", story::text(&forward, loaded.sources()));
        let mut back = Vec::new();
        for answer in interpreter.answer(trace).traces {
            let returned = interpreter.returned(trace, &answer);
            let told = tell(&world, &answer);
            let _ = write!(
                text,
                "\nThe answer {}\n\n{}",
                answer.packet,
                story::text(&told, loaded.sources())
            );
            if returned != networks::interpret::Return::CameBack {
                exit = exit.max(Exit::Findings);
            }
            back.push(json!({
                "returned": format!("{returned:?}"),
                "story": StoryAnswer::of(&told, loaded.sources()),
            }));
        }
        if !forward.arrived {
            exit = exit.max(Exit::Findings);
        }
        answers.push(json!({
            "disposition": trace.disposition.name(),
            "story": StoryAnswer::of(&forward, loaded.sources()),
            "answers": back,
        }));
    }
    terminal::answer(match arguments.format {
        PlainFormat::Text => text,
        PlainFormat::Json => table::pretty(&json!({
            "version": VERSION,
            "packet": packet.to_string(),
            "complete": walk.complete,
            "ways": answers,
        }))?,
    })?;
    Ok(exit)
}

/// Reads where a packet starts: `device:interface`, `device` for the interface
/// whose subnet the source is in, or a host's name for the host itself.
fn start(loaded: &Loaded, at: &str, source: std::net::IpAddr) -> Result<Start, Failure> {
    let network = loaded.network();
    let found = network.devices().find(|(_, device)| {
        at == device.name
            || at
                .strip_prefix(&device.name)
                .is_some_and(|rest| rest.starts_with(':'))
    });
    let Some((id, device)) = found else {
        return Err(Failure::NoSuch {
            kind: "device",
            name: at.to_owned(),
            known: nearest(at, network.devices.iter().map(|device| device.name.clone())),
        });
    };
    if let Some(name) = at
        .strip_prefix(&device.name)
        .and_then(|rest| rest.strip_prefix(':'))
    {
        let interface = device
            .interface_named(name)
            .ok_or_else(|| Failure::NoSuch {
                kind: "interface",
                name: name.to_owned(),
                known: nearest(
                    name,
                    device
                        .interfaces
                        .iter()
                        .map(|interface| interface.name.clone()),
                ),
            })?;
        return Ok(Start::Enters(Port {
            device: id,
            interface,
        }));
    }
    let own = device
        .interfaces
        .iter()
        .any(|interface| interface.has_address(source));
    if own || device.kind == DeviceKind::Host {
        return Ok(Start::Sent(id));
    }
    let facing = device.interfaces().find(|(_, interface)| {
        interface.is_up()
            && interface
                .addresses
                .iter()
                .any(|own| own.net.contains(&source))
    });
    facing
        .map(|(interface, _)| {
            Start::Enters(Port {
                device: id,
                interface,
            })
        })
        .ok_or_else(|| Failure::Usage {
            message: format!("`{at}` has no interface whose subnet {source} is in"),
            hint: Some(format!(
                "name the interface that the packet enters by: {at}:INTERFACE"
            )),
        })
}
