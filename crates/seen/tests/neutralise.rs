//! The lines that `explain` cites for a block do decide: with them out of the
//! way, the device lets the witness through.

use crate::support::{check, copy, place, root, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// How many lines of one device may have to go, one behind the other.
const LINES_MAX: usize = 3;

/// A witness stopped at a device.
struct Block {
    journey: String,
    /// Where the witness sets out: `device:interface`.
    from: String,
    /// The witness: source, destination, protocol.
    packet: [String; 3],
    /// Where it, or its answer, was stopped.
    stop: Stop,
}

/// How a packet ended at a device.
struct Stop {
    device: String,
    /// The deciding line: file, number, text. None where a line is missing.
    line: Option<(String, usize, String)>,
    /// The packet as the device received it.
    packet: String,
    /// The interfaces it came in by and would have left by.
    enters: String,
    leaves: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Where a story ended, if it did not arrive.
fn stop(story: &Value) -> Option<Stop> {
    if story["arrived"] == true {
        return None;
    }
    let hop = story["hops"].as_array()?.last()?;
    let line = place(&story["end"]).map(|(file, line)| {
        let line = usize::try_from(line).expect("a line number");
        (file, line, text(&story["end"]["place"]["text"]))
    });
    Some(Stop {
        device: text(&hop["device"]),
        line,
        packet: text(&hop["packet"]),
        enters: text(&hop["enters"]),
        leaves: text(&hop["leaves"]),
    })
}

/// The stops of all ways, there and back.
fn stops(ways: &Value) -> Vec<Stop> {
    let ways = ways.as_array().into_iter().flatten();
    ways.flat_map(|way| {
        let answers = way["answers"].as_array().into_iter().flatten();
        let stories = answers.map(|answer| &answer["story"]);
        std::iter::once(&way["story"])
            .chain(stories)
            .filter_map(stop)
            .collect::<Vec<_>>()
    })
    .collect()
}

/// A witness that arrives, but not at the service.
#[derive(Debug)]
struct Astray {
    from: String,
    to: String,
    /// The lines that translated it: file and number.
    translated: Vec<(String, usize)>,
}

/// Reads where a witness was led astray.
fn astray(from: &str, to: &str, story: &Value) -> Astray {
    let hops = story["hops"].as_array().into_iter().flatten();
    let lines = hops.flat_map(|hop| hop["lines"].as_array().into_iter().flatten());
    let translated = lines
        .filter(|line| text(&line["text"]).starts_with("translated by"))
        .filter_map(place)
        .map(|(file, line)| (file, usize::try_from(line).expect("a line number")));
    Astray {
        from: from.to_owned(),
        to: to.to_owned(),
        translated: translated.collect(),
    }
}

/// Lets the cited translation lead to the service's own address; tells whether
/// the witness's journey then works.
fn led_back(original: &Path, astray: &Astray) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(original, folder.path());
    let (organisation, service) = astray.to.split_once('/').expect("a service's name");
    let about = format!("organisations/{organisation}.yaml");
    let about = fs::read_to_string(original.join(about)).expect("readable");
    let address = about
        .lines()
        .skip_while(|line| line.trim() != format!("{service}:"))
        .find_map(|line| line.trim().strip_prefix("addresses: [")?.strip_suffix(']'))
        .expect("the service has an address");
    for (file, number) in &astray.translated {
        let path = folder.path().join(file);
        let old = fs::read_to_string(&path).expect("the cited file is there");
        let mut lines: Vec<String> = old.split('\n').map(str::to_owned).collect();
        // The settings of the cited entry follow it.
        let entry = lines.iter_mut().skip(*number);
        for line in entry.take_while(|line| line.trim() != "next") {
            if let Some((start, _)) = line.split_once("set mappedip ") {
                *line = format!("{start}set mappedip \"{address}\"");
            }
        }
        fs::write(path, lines.join("\n")).expect("writable");
    }
    let arguments = ["--from", &astray.from, "--to", &astray.to];
    let (_, answer) = run("explain", folder.path(), &arguments);
    match answer["journeys"][0]["asked"].as_str() {
        Some("works") => Ok(()),
        other => Err(format!("{astray:?} is still {other:?}")),
    }
}

/// Splits `source -> destination protocol`.
fn parts(packet: &str) -> [String; 3] {
    let (source, rest) = packet.split_once(" -> ").expect("a packet");
    let (destination, protocol) = rest.split_once(' ').expect("a packet");
    [source, destination, protocol].map(str::to_owned)
}

/// The blocks of a folder, and the journeys that do not work though nothing
/// stops their witness (it ends at the wrong place).
fn blocks(folder: &Path) -> (Vec<Block>, Vec<Astray>) {
    let (_, answer) = check(folder);
    let mut pairs = BTreeMap::new();
    for journey in answer["journeys"].as_array().expect("journeys") {
        if matches!(journey["asked"].as_str(), Some("blocked" | "partly")) {
            let from = format!("{}/{}", text(&journey["site"]), text(&journey["segment"]));
            pairs.insert((from, text(&journey["service"])), ());
        }
    }
    let (mut found, mut misled) = (Vec::new(), Vec::new());
    for (from, to) in pairs.into_keys() {
        let (_, answer) = run("explain", folder, &["--from", &from, "--to", &to]);
        let explained = &answer["journeys"][0];
        let journey = text(&explained["journey"]);
        let ways = &explained["ways"];
        let Some(stop) = stops(ways).into_iter().next() else {
            misled.push(astray(&from, &to, &ways[0]["story"]));
            continue;
        };
        let first = &ways[0]["story"]["hops"][0];
        found.push(Block {
            journey,
            from: format!("{}:{}", text(&first["device"]), text(&first["enters"])),
            packet: parts(&text(&ways[0]["packet"])),
            stop,
        });
    }
    (found, misled)
}

/// Puts the line that stopped a packet out of its way, in the device's syntax.
/// Returns nothing for a line that this does not know how to.
fn neutralise(folder: &Path, stop: &Stop) -> Option<()> {
    let Some((file, number, line)) = &stop.line else {
        return add_route(folder, stop);
    };
    let path = folder.join(file);
    let old = fs::read_to_string(&path).expect("the cited file is there");
    let mut lines: Vec<String> = old.split('\n').map(str::to_owned).collect();
    let at = number - 1;
    assert!(
        lines[at].contains(line.as_str()),
        "{file}:{number} is cited as `{line}`"
    );
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        // An access list: what denies everything is the last resort, before
        // which the witness is let through; another line goes.
        ["deny", "ip", "any", "any", ..] | ["deny", "any", ..] => {
            lines.insert(at, " permit ip any any".to_owned());
        }
        ["deny", ..] => {
            lines.remove(at);
        }
        // An inspected zone pair: the class's action is the next line.
        ["class", "class-default"] => lines[at + 1] = "  pass".to_owned(),
        ["ip", "route", .., "Null0"] => {
            lines.remove(at);
        }
        ["config", "firewall", "policy"] => {
            let (enters, leaves) = (&stop.enters, &stop.leaves);
            let policy = [
                "    edit 900".to_owned(),
                format!("        set srcintf \"{enters}\""),
                format!("        set dstintf \"{leaves}\""),
                "        set action accept".to_owned(),
                "        set srcaddr \"all\"".to_owned(),
                "        set dstaddr \"all\"".to_owned(),
                "        set schedule \"always\"".to_owned(),
                "        set service \"ALL\"".to_owned(),
                "    next".to_owned(),
            ];
            lines.splice(at + 1..at + 1, policy);
        }
        [chain, "DROP", ..] if chain.starts_with(':') => {
            lines[at] = format!("{chain} ACCEPT [0:0]");
        }
        ["-A", ..] => {
            lines.remove(at);
        }
        ["type", "filter", ..] => lines[at] = lines[at].replace("policy drop", "policy accept"),
        _ => return None,
    }
    fs::write(path, lines.join("\n")).expect("writable");
    Some(())
}

/// Gives a device the route that it lacks: by its first neighbour on a link of two.
fn add_route(folder: &Path, stop: &Stop) -> Option<()> {
    let [_, destination, _] = parts(&stop.packet);
    let (destination, _) = destination.split_once(':')?;
    let path = configuration(folder, &stop.device)?;
    let old = fs::read_to_string(&path).expect("readable");
    let own = old.lines().find_map(|line| {
        let address = line.strip_prefix(" ip address ")?;
        address.strip_suffix(" 255.255.255.252")
    })?;
    let (start, last) = own.rsplit_once('.')?;
    let last: u8 = last.parse().ok()?;
    // The two hosts of a /30 are 1 and 2 past its start.
    let peer = format!("{start}.{}", last ^ 3);
    let route = format!("ip route {destination} 255.255.255.255 {peer}\n");
    let (before, after) = old.split_once("\nline con 0")?;
    fs::write(path, format!("{before}\n{route}line con 0{after}")).expect("writable");
    Some(())
}

/// The file of a Cisco device.
fn configuration(folder: &Path, device: &str) -> Option<PathBuf> {
    fs::read_dir(folder.join("networks"))
        .expect("networks")
        .map(|network| {
            let folder = network.expect("readable").path().join("configs");
            folder.join(format!("{device}.cfg"))
        })
        .find(|path| path.is_file())
}

/// Tells what still stops the block's witness at the device, if anything does.
fn still_stopped(folder: &Path, block: &Block) -> Option<Stop> {
    let [source, destination, protocol] = &block.packet;
    let arguments = [
        "--at",
        &block.from,
        "--source",
        source,
        "--destination",
        destination,
        "--protocol",
        protocol,
    ];
    let (_, answer) = run("trace", folder, &arguments);
    stops(&answer["ways"])
        .into_iter()
        .find(|stop| stop.device == block.stop.device)
}

/// Neutralises what stops a witness at its device; says what is left.
fn unblock(original: &Path, mut block: Block) -> Result<usize, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(original, folder.path());
    for lines in 1..=LINES_MAX {
        let cited = block.stop.line.clone();
        if neutralise(folder.path(), &block.stop).is_none() {
            return Err(format!("{}: cannot neutralise {cited:?}", block.journey));
        }
        match still_stopped(folder.path(), &block) {
            None => return Ok(lines),
            Some(stop) if stop.line == cited => {
                let device = stop.device;
                return Err(format!(
                    "{}: {device} still stops it at {cited:?}",
                    block.journey
                ));
            }
            Some(stop) => block.stop = stop,
        }
    }
    Err(format!("{}: more than {LINES_MAX} lines", block.journey))
}

/// Every block of the examples can be unblocked at its device by the lines that
/// are cited for it; the mended example has none.
#[test]
fn neutralised_lines_unblock() {
    let (blocks_of_mended, astray) = blocks(&root().join("examples/south-east-mended"));
    assert!(blocks_of_mended.is_empty() && astray.is_empty());
    let folder = root().join("examples/south-east");
    let (blocks, astray) = blocks(&folder);
    let number = blocks.len() + astray.len();
    assert!(number >= 15, "{number} blocks");
    let (mut left, mut more) = (Vec::new(), 0);
    for block in blocks {
        match unblock(&folder, block) {
            Ok(lines) => more += usize::from(lines > 1),
            Err(reason) => left.push(reason),
        }
    }
    left.extend(
        astray
            .iter()
            .filter_map(|astray| led_back(&folder, astray).err()),
    );
    println!(
        "number: cited lines that decide | {} of {number} | {number} of {number} | {}",
        number - left.len(),
        if left.is_empty() { "pass" } else { "fail" }
    );
    println!(
        "{more} of them took more than one line; {} ended at another server",
        astray.len()
    );
    assert_eq!(left, Vec::<String>::new());
}
