//! What hosts of two labs recorded when they tried each other through a real
//! device: pings, and connections to echo servers.

use crate::support::{data, load};
use networks::control;
use networks::interpret::{Choices, Disposition, Interpreter, Return, Start};
use networks::model::DeviceId;
use packets::{Fragment, Packet, Protocol, TcpFlags};
use snapshots::Snapshot;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

/// A recorded probe.
struct Probe {
    /// The file's name, for messages.
    name: String,
    from: String,
    packet: Packet,
    /// Whether the other end saw it; `None` where only the answer tells.
    arrived: Option<bool>,
    /// Whether the answer was seen.
    answered: bool,
}

fn packet(source: IpAddr, destination: IpAddr, protocol: Protocol, ports: (u16, u16)) -> Packet {
    Packet {
        source,
        destination,
        protocol,
        source_port: ports.0,
        destination_port: ports.1,
        tcp_flags: TcpFlags::SYN,
        fragment: Fragment::First,
        mark: 0,
    }
    .normalised()
}

/// An echo request: type 8, code 0.
fn echo(source: IpAddr, destination: IpAddr) -> Packet {
    packet(source, destination, Protocol::ICMP, (0, 8))
}

/// Reads `ping_-c_1_-S_SOURCE_DESTINATION.txt`; `None` for other files, and for
/// a host that pings itself.
fn ping(host: &str, name: &str, text: &str) -> Option<Probe> {
    let (source, destination) = name.strip_prefix("ping_-c_1_-S_")?.split_once('_')?;
    let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
    (source != destination).then(|| Probe {
        name: name.to_owned(),
        from: host.to_owned(),
        packet: echo(source, destination),
        arrived: None,
        answered: text.contains("1 received"),
    })
}

/// Reads `client_HOST_DESTINATION_PROTOCOL_PORT.txt` and what the server wrote.
fn client(lab: &Path, host: &str, name: &str, text: &str) -> Option<Probe> {
    let words: Vec<&str> = name.strip_prefix("client_")?.split('_').collect();
    let [server, destination, protocol, port] = words.as_slice() else {
        panic!("{name} names no probe");
    };
    let served = format!("show/{server}/server_{destination}_{protocol}_{port}.txt");
    let served = fs::read_to_string(lab.join(served)).unwrap();
    let hosts = fs::read_to_string(lab.join(format!("hosts/{host}.json"))).unwrap();
    let prefix = hosts.split('"').find(|word| word.contains('/')).unwrap();
    let source: IpAddr = prefix.split('/').next().unwrap().parse().unwrap();
    let protocol = match *protocol {
        "tcp" => Protocol::TCP,
        "udp" => Protocol::UDP,
        other => panic!("{name} is of {other}"),
    };
    Some(Probe {
        name: name.to_owned(),
        from: host.to_owned(),
        packet: packet(
            source,
            destination.parse().unwrap(),
            protocol,
            (40_135, port.parse().unwrap()),
        ),
        arrived: Some(served.contains("packet1:") || served.contains("Connection from")),
        answered: text.contains("[ECHO:]"),
    })
}

fn probes(lab: &Path) -> Vec<Probe> {
    let mut found = Vec::new();
    for host in fs::read_dir(lab.join("show")).unwrap() {
        let host = host.unwrap();
        if !host.path().is_dir() {
            continue;
        }
        let of = host.file_name().into_string().unwrap();
        for file in fs::read_dir(host.path()).unwrap() {
            let file = file.unwrap();
            let text = String::from_utf8_lossy(&fs::read(file.path()).unwrap()).into_owned();
            let name = file.file_name().into_string().unwrap();
            let name = name.trim_end_matches(".txt");
            found.extend(ping(&of, name, &text).or_else(|| client(lab, &of, name, &text)));
        }
    }
    found.sort_by(|left, right| (&left.from, &left.name).cmp(&(&right.from, &right.name)));
    found
}

/// What is computed of a probe: whether it arrives and whether it is answered,
/// `None` where it cannot be told or both are possible.
fn predicted(snapshot: &Snapshot, probe: &Probe) -> (Option<bool>, Option<bool>) {
    let routing = control::compute(&snapshot.network);
    let choices = Choices::default();
    let interpreter = Interpreter::new(&snapshot.network, &routing, &choices);
    let host: DeviceId = snapshot
        .network
        .devices()
        .find(|(_, device)| device.name == probe.from)
        .unwrap()
        .0;
    let walk = interpreter.forward(Start::Sent(host), probe.packet);
    let mut arrived = Vec::new();
    let mut answered = Vec::new();
    for trace in &walk.traces {
        if matches!(trace.disposition, Disposition::Unknown(_)) {
            return (None, None);
        }
        arrived.push(trace.disposition.is_delivered());
        let answers = interpreter.answer(trace).traces;
        let back = |answer| interpreter.returned(trace, answer) == Return::CameBack;
        answered.push(!answers.is_empty() && answers.iter().all(back));
    }
    let one = |mut all: Vec<bool>| {
        all.dedup();
        <[bool; 1]>::try_from(all).ok().map(|[only]| only)
    };
    (one(arrived), one(answered))
}

/// Every recorded probe ends as recorded.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "numbers that the project is accepted by"
)]
fn recorded_probes() {
    let Some(labs) = data("lab-validation") else {
        return;
    };
    let (mut right, mut all) = (0, 0);
    let mut wrong = Vec::new();
    for lab in ["fortios_fw_policy_basic", "iosxe_connectivity_sample"] {
        let folder = labs.join(lab);
        let snapshot = load(&folder);
        let probes = probes(&folder);
        assert!(probes.len() >= 6, "{lab} has {} probes", probes.len());
        for probe in &probes {
            let (arrived, answered) = predicted(&snapshot, probe);
            let agrees = answered == Some(probe.answered)
                && probe.arrived.is_none_or(|seen| arrived == Some(seen));
            all += 1;
            right += usize::from(agrees);
            if !agrees {
                wrong.push(format!(
                    "{lab} {}: arrived {:?}, answered {}; predicted {arrived:?}, {answered:?}",
                    probe.name, probe.arrived, probe.answered
                ));
            }
        }
    }
    let word = if wrong.is_empty() { "pass" } else { "fail" };
    println!("number: recorded probes predicted | {right} of {all} | all | {word}");
    assert_eq!(wrong, Vec::<String>::new());
}
