//! From text to all pairs both ways.
//!
//! Each folder is read from disk (its files are warm), its routes are computed,
//! observed tables put in where they are given, and every ordered pair of its segments is judged
//! there and back; a region's journeys are judged with what nobody asked for.
//! Each run is a process of its own: its time is the CPU time of all its threads,
//! in user and system mode, from its start; its memory the most it ever held.
//!
//! `cargo bench -p snapshots` prints the numbers beside their bars and fails
//! when one is missed. `cargo bench -p snapshots -- stanford` is for one folder.

use cpu_time::ProcessTime;
use journeys::{World, excess, inferred, judge, trouble};
use region::Date;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

type Failure = Box<dyn std::error::Error>;

/// The least of so many runs counts: what else the machine does only adds.
const RUNS: usize = 5;

/// A folder, and what it may take.
struct Folder {
    name: &'static str,
    /// From the root of the workspace.
    path: &'static str,
    seconds: f64,
    megabytes: Option<f64>,
}

const FOLDERS: &[Folder] = &[
    Folder {
        name: "batfish-example",
        path: "../shared/data/batfish-example/live",
        seconds: 0.15,
        megabytes: None,
    },
    Folder {
        name: "stanford",
        path: "../shared/data/stanford",
        seconds: 0.6,
        megabytes: Some(100.0),
    },
    Folder {
        name: "south-east",
        path: "examples/south-east",
        seconds: 0.5,
        megabytes: None,
    },
];

/// Steps with their times.
struct Steps {
    last: Duration,
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    fn end(&mut self, name: &'static str) {
        let now = ProcessTime::now().as_duration();
        self.done.push((name, now.saturating_sub(self.last)));
        self.last = now;
    }
}

/// Does all the work, and prints how many seconds and megabytes it took, then
/// where the time went.
fn run(path: &Path) -> Result<(), Failure> {
    let today = Date::new("2026-11-23")?;
    let mut steps = Steps {
        last: Duration::ZERO,
        done: Vec::new(),
    };
    let snapshot = snapshots::load(path, today)?;
    steps.end("text read and understood");
    let routing = snapshot.routing();
    steps.end("routes");
    let memberships: Vec<_> = snapshot
        .devices
        .iter()
        .map(|device| device.network.clone())
        .collect();
    let world = World {
        sources: &snapshot.sources,
        network: &snapshot.network,
        routing: &routing,
        memberships: &memberships,
        assumed: &[],
        region: snapshot.region.as_ref(),
    };
    let mut verdicts: BTreeMap<&'static str, usize> = BTreeMap::new();
    if let Some(region) = &snapshot.region {
        let journeys = judge::journeys(&world, region, today);
        for journey in &journeys {
            let asked = journey.verdict.asked().as_str();
            *verdicts.entry(asked).or_default() += 1;
        }
        steps.end("journeys");
        trouble::findings(&world, &journeys);
        steps.end("findings");
        let excess = excess::excess(&world, region, today);
        excess::findings(&world, &excess);
        excess::red_lines(&world, region);
        steps.end("excess");
    } else {
        let segments = inferred::segments(&world);
        let matrix = inferred::matrix(&world, &segments);
        for (_, _, asked) in matrix.pairs() {
            *verdicts.entry(asked.as_str()).or_default() += 1;
        }
        steps.end("pairs");
    }
    let mut out = std::io::stdout();
    writeln!(out, "{} {}", steps.last.as_secs_f64(), peak()?)?;
    writeln!(out, "{verdicts:?}; {:?}", steps.done)?;
    Ok(())
}

/// Returns the most memory that this process ever held, in megabytes.
fn peak() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmHWM")?
        .parse()?;
    Ok(kilobytes / 1024.0)
}

fn measure(folder: &Folder) -> Result<bool, Failure> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let path = root.join(folder.path);
    let mut out = std::io::stdout();
    if !path.exists() {
        writeln!(out, "skipped: {} is not there", folder.path)?;
        return Ok(true);
    }
    let mut best: Option<(f64, f64, String)> = None;
    for _ in 0..RUNS {
        let mut command = Command::new(std::env::current_exe()?);
        let output = command.arg("run").arg(&path).output()?;
        let text = String::from_utf8(output.stdout)?;
        let (numbers, rest) = text.split_once('\n').ok_or("no measurement")?;
        let (seconds, megabytes) = numbers.split_once(' ').ok_or("no measurement")?;
        let (seconds, megabytes): (f64, f64) = (seconds.parse()?, megabytes.parse()?);
        if best.as_ref().is_none_or(|(least, _, _)| seconds < *least) {
            best = Some((seconds, megabytes, rest.trim().to_owned()));
        }
    }
    let (seconds, megabytes, rest) = best.ok_or("no run")?;
    let Folder { name, .. } = folder;
    writeln!(out, "{name}: {rest}")?;
    let word = |holds: bool| if holds { "pass" } else { "fail" };
    let mut holds = seconds < folder.seconds;
    writeln!(
        out,
        "number: {name}, text to all pairs, CPU | {seconds:.3} s | {} s | {}",
        folder.seconds,
        word(holds)
    )?;
    if let Some(bar) = folder.megabytes {
        let small = megabytes < bar;
        writeln!(
            out,
            "number: {name}, text to all pairs, memory | {megabytes:.0} MB | {bar} MB | {}",
            word(small)
        )?;
        holds &= small;
    }
    Ok(holds)
}

fn main() -> ExitCode {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'));
    let wanted: Vec<String> = arguments.by_ref().collect();
    if let [run, path] = wanted.as_slice()
        && run == "run"
    {
        return ended("run", self::run(Path::new(path)).map(|()| true));
    }
    let mut all = true;
    for folder in FOLDERS {
        if wanted.is_empty() || wanted.iter().any(|name| name == folder.name) {
            all &= ended(folder.name, measure(folder)) == ExitCode::SUCCESS;
        }
    }
    if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Says what went wrong.
fn ended(name: &str, result: Result<bool, Failure>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
