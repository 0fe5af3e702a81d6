//! All pairs of generated regions, both ways: the interval diagram against a
//! plain binary one, and one changed line against the whole.
//!
//! Each measurement is a process of its own, so that its memory is its own; the
//! time is the CPU time of that process. `cargo bench -p networks` prints the
//! ratios beside their bars and fails when one is missed.

#[path = "../tests/support/region.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a region is made of what was just made; a mistake in it stops the benchmark"
)]
mod region;

use cpu_time::ProcessTime;
use networks::reachability::{Engine, Scope, Verdict};
use packets::bdd::Bdd;
use packets::{Diagram, PacketSets, SetError};
use region::{Numbers, Region};
use std::io::Write as _;
use std::process::{Command, ExitCode};

/// So many times less CPU time and memory than the plain diagram.
const BAR_DIAGRAM: f64 = 10.0;

type Failure = Box<dyn std::error::Error>;

/// A changed line is worked out at the median in so small a part of the whole.
const BAR_CHANGE: f64 = 100.0;
/// How many lines are taken out, one at a time.
const CHANGES: usize = 60;

/// The most memory that this process had at once, in kilobytes.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or(f64::NAN)
}

fn run<S>(networks: usize, answered: bool, sets: S) -> Result<(), Failure>
where
    S: PacketSets + Send,
    S::Set: Send + Sync,
    S::Mark: Send,
{
    let region = region::region(networks, 1);
    let before = peak();
    let start = ProcessTime::now();
    let mut engine = Engine::new(&region.network, &region.routing, sets)?;
    let scope = Scope {
        answered,
        threads: 1,
    };
    let verdicts = engine.all_pairs(&region.endpoints, scope, |_, pair| {
        Ok::<_, SetError>(pair.verdict)
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let works = verdicts
        .iter()
        .filter(|verdict| matches!(verdict, Verdict::Partly | Verdict::Works));
    let memory = peak() - before;
    writeln!(
        std::io::stdout(),
        "{seconds} {memory} {} {}",
        verdicts.len(),
        works.count()
    )?;
    Ok(())
}

/// Takes out one line of a list.
fn without_line(
    region: &Region,
    numbers: &mut Numbers,
) -> Option<(networks::model::Network, networks::model::DeviceId)> {
    let (device, chain) = *region.lists.get(numbers.below(region.lists.len()))?;
    let mut network = region.network.clone();
    let chains = &mut network.devices.get_mut(device.index())?.chains;
    let rules = &mut chains.get_mut(chain.index())?.rules;
    rules.remove(numbers.below(rules.len()));
    Some((network, device))
}

/// Works all pairs out, and then anew after each of some changes.
fn change(networks: usize) -> Result<(), Failure> {
    let region = region::region(networks, 1);
    let mut numbers = Numbers::new(7);
    let changed: Vec<_> = (0..CHANGES)
        .filter_map(|_| without_line(&region, &mut numbers))
        .collect();
    let mut engine = Engine::new(&region.network, &region.routing, Diagram::<u32>::new())?;
    let verdict =
        |_: &mut Diagram<u32>, pair: &networks::reachability::Pair<packets::Set>| Ok(pair.verdict);
    let start = ProcessTime::now();
    let mut survey = engine.survey(&region.endpoints, true, verdict)?;
    let whole = start.elapsed().as_secs_f64();
    let mut times = Vec::new();
    let mut pairs = Vec::new();
    for (network, device) in &changed {
        let start = ProcessTime::now();
        let difference = engine.revise(network, &region.routing, *device)?;
        pairs.push(engine.update(&mut survey, difference, verdict)?);
        times.push(start.elapsed().as_secs_f64());
        let difference = engine.revise(&region.network, &region.routing, *device)?;
        engine.update(&mut survey, difference, verdict)?;
    }
    times.sort_by(f64::total_cmp);
    pairs.sort_unstable();
    let part = |list: &[f64], part: usize| list.get(list.len() * part / 10).copied();
    let median = part(&times, 5).ok_or("no change")?;
    let most = part(&times, 9).ok_or("no change")?;
    let met = pairs.get(pairs.len() / 2).copied().unwrap_or_default();
    writeln!(std::io::stdout(), "{whole} {median} {most} {met}")?;
    Ok(())
}

/// Measures in a process of its own.
fn measure(kind: &str, networks: usize, answered: bool) -> Result<[f64; 4], Failure> {
    let answered = if answered { "both" } else { "there" };
    let output = Command::new(std::env::current_exe()?)
        .args(["measure", kind, &networks.to_string(), answered])
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    numbers
        .try_into()
        .map_err(|_| format!("no measurement of {kind}: {text}").into())
}

/// Measures one thing in this process.
fn measured(arguments: &[String]) -> Result<(), Failure> {
    let [kind, networks, answered] = arguments else {
        return Err("measure KIND NETWORKS both|there".into());
    };
    let networks: usize = networks.parse()?;
    let answered = answered == "both";
    match kind.as_str() {
        "fields" => run(networks, answered, Diagram::<u32>::new()),
        "change" => change(networks),
        _ => run(networks, answered, Bdd::<u32>::with_limit(1 << 28)),
    }
}

/// Compares both diagrams on one region; tells whether the bar is met.
fn compare(networks: usize, answered: bool) -> Result<bool, Failure> {
    let mut out = std::io::stdout();
    let [seconds, kilobytes, pairs, works] = measure("fields", networks, answered)?;
    let [bits_seconds, bits_kilobytes, _, bits_work] = measure("bits", networks, answered)?;
    let (time, memory) = (bits_seconds / seconds, bits_kilobytes / kilobytes);
    let ways = if answered { "both ways" } else { "one way" };
    writeln!(
        out,
        "{networks:3} networks, {pairs} pairs {ways}: {seconds:.3} s, {:.1} MB; a plain diagram \
         {bits_seconds:.3} s, {:.1} MB: {time:.1}x the time, {memory:.1}x the memory (bar {BAR_DIAGRAM}x)",
        kilobytes / 1024.0,
        bits_kilobytes / 1024.0,
    )?;
    if bits_work != works {
        writeln!(
            out,
            "    the two differ: {works} pairs pass in one and {bits_work} in the other"
        )?;
        return Ok(false);
    }
    Ok(time >= BAR_DIAGRAM && memory >= BAR_DIAGRAM)
}

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = arguments.iter().position(|argument| argument == "measure");
    if let Some(rest) = asked.and_then(|at| arguments.get(at + 1..)) {
        measured(rest)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut met = compare(6, true)?;
    met &= compare(44, false)?;
    let [whole, median, most, pairs] = measure("change", 44, true)?;
    let (middle, far) = (whole / median, whole / most);
    writeln!(
        std::io::stdout(),
        "one line of 44 networks: {:.3} ms at the median of {CHANGES} changes, {pairs} pairs anew; \
         the whole {whole:.3} s, {middle:.0}x (bar {BAR_CHANGE}x); nine in ten within 1/{far:.0}",
        median * 1e3,
    )?;
    met &= middle >= BAR_CHANGE;
    Ok(if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
