//! Compiling access lists: the interval diagram against a binary decision diagram crate.
//!
//! Both compile the same lists in the same run, each the way that suits it: the
//! interval diagram by `first` over a balanced tree, the crate in the order that
//! Batfish works in (from the last line to the first, neighbours with the same
//! action united before they change the result), its predicates of ports and
//! prefixes remembered. The time is that of this process's threads alone.
//!
//! `cargo bench -p packets` prints each number beside its bar and fails when one
//! is missed. `cargo bench -p packets -- own fw1_1k` compiles that set once
//! with the interval diagram alone, for a profiler.

mod baseline;
mod filters;

use cpu_time::ProcessTime;
use filters::FilterSet;
use packets::*;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

/// At least so many times faster on each set.
const BAR_EACH: f64 = 8.0;
/// At least so many times faster in the geometric mean.
const BAR_MEAN: f64 = 15.0;
/// The least of so many runs counts: what else the machine does only adds.
const RUNS: u32 = 5;

/// Returns the least CPU time of some runs, and the last result.
fn least<T>(runs: u32, mut run: impl FnMut() -> T) -> (Duration, Option<T>) {
    let mut best = Duration::MAX;
    let mut result = None;
    for _ in 0..runs {
        // What the last run made goes before the clock starts.
        drop(result.take());
        let start = ProcessTime::now();
        let made = run();
        best = best.min(start.elapsed());
        result = Some(made);
    }
    (best, result)
}

fn own(lines: &[Line<u32, Set>]) -> Result<(Diagram<u32>, Verdicts<Set>), SetError> {
    let mut sets = Diagram::new();
    let list = sets.first_match(lines)?;
    Ok((sets, list))
}

/// Measures one set; returns how many times faster the interval diagram is.
fn measure(set: &FilterSet) -> Result<f64, Box<dyn std::error::Error>> {
    let lines = set.lines();
    let (own_time, made) = least(RUNS, || own(&lines));
    let (sets, list) = made.ok_or("no run")??;
    let (crate_time, crate_made) = baseline::measure(&set.rules, RUNS.min(3))?;
    for probe in set.probes(5_000) {
        if sets.contains(list.permit, &probe)? != crate_made.contains(&probe) {
            return Err(format!("the two differ on {probe}").into());
        }
    }
    let ratio = crate_time.as_secs_f64() / own_time.as_secs_f64();
    let (nodes, segments) = sets.size(list.permit)?;
    writeln!(
        std::io::stdout(),
        "{:10} {:6} lines  own {:9.3} ms  crate {:9.3} ms  \
         {nodes} nodes, {segments} segments; crate {} nodes",
        set.name,
        set.rules.len(),
        own_time.as_secs_f64() * 1e3,
        crate_time.as_secs_f64() * 1e3,
        crate_made.nodes(),
    )?;
    let what = format!("packet sets over a diagram crate, {}", set.name);
    number(&what, ratio, BAR_EACH)?;
    Ok(ratio)
}

/// Prints how many times faster beside the bar; tells whether it is met.
fn number(what: &str, ratio: f64, bar: f64) -> std::io::Result<bool> {
    let met = ratio >= bar;
    let word = if met { "pass" } else { "fail" };
    writeln!(
        std::io::stdout(),
        "number: {what} | {ratio:.1}x | at least {bar}x | {word}"
    )?;
    Ok(met)
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let sets = filters::all();
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "own") {
        for set in sets.iter().filter(|set| arguments.contains(&set.name)) {
            let (time, made) = least(1, || own(&set.lines()));
            let (sets, _) = made.ok_or("no run")??;
            let ms = time.as_secs_f64() * 1e3;
            writeln!(
                std::io::stdout(),
                "{:10} {ms:9.3} ms  {:?}",
                set.name,
                sets.counts()
            )?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut ratios = Vec::new();
    for set in &sets {
        ratios.push(measure(set)?);
    }
    let count = u32::try_from(ratios.len())?;
    let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / f64::from(count)).exp();
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let mut met = number(
        "packet sets over a diagram crate, geometric mean",
        mean,
        BAR_MEAN,
    )?;
    met &= least >= BAR_EACH;
    if sets.len() < 1 + filters::CLASSBENCH.len() {
        writeln!(std::io::stdout(), "skipped: filter sets are missing")?;
        met = false;
    }
    Ok(if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
