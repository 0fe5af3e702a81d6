//! All pairs of generated regions, both ways: the interval diagram against a
//! plain binary one, and one changed line against the whole.
//!
//! Each measurement is a process of its own, so that its memory is its own: what
//! counts is how far the peak rose above what the region itself takes. The time
//! is the CPU time of that process. Both diagrams answer the same question for
//! the same destinations, in the same order of variables, and give back what is
//! not kept after every destination. What the plain one comes to when it also
//! gives back after every list, as a package with a collector of garbage would,
//! is printed beside it, without a bar. `cargo bench -p networks` prints each
//! number beside its bar, and fails where one is missed or where the counts of
//! the work are not those in `benches/counts.txt`; `BLESS=1` writes these anew.

#[path = "../tests/support/changes.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a change is made to what was just made; a mistake in it stops the benchmark"
)]
mod changes;
#[path = "../tests/support/region.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a region is made of what was just made; a mistake in it stops the benchmark"
)]
mod region;

use changes::Kind;
use cpu_time::ProcessTime;
use networks::reachability::{Engine, Pair, Scope, Verdict};
use packets::bdd::Bdd;
use packets::{Diagram, PacketSets, SetError};
use region::Numbers;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, ExitCode};

type Failure = Box<dyn std::error::Error>;

/// So many times less CPU time and memory than the plain diagram.
const BAR_DIAGRAM: f64 = 10.0;
/// A changed line is worked out at the median in less than so small a part of the whole.
const BAR_CHANGE: f64 = 100.0;
/// How many lines are changed and changed back: any of the region, and of each kind.
const CHANGES: usize = 30;
const CHANGES_OF_A_KIND: usize = 10;

/// Of 44 networks, one destination in so many: all would take the plain diagram
/// three minutes, and what is compiled is nearly all after these.
const SAMPLED: usize = 10;

/// The counts of the work that were last looked at.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/counts.txt");

/// What is asked of a region: all pairs, or those to every so many-th destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    networks: usize,
    answered: bool,
    every: usize,
}

impl Asked {
    fn words(self) -> String {
        let ways = if self.answered {
            "both ways"
        } else {
            "one way"
        };
        let share = match self.every {
            1 => String::new(),
            every => format!(", to one destination in {every}"),
        };
        format!("{} networks {ways}{share}", self.networks)
    }

    fn arguments(self) -> [String; 3] {
        let Self {
            networks,
            answered,
            every,
        } = self;
        [
            networks.to_string(),
            answered.to_string(),
            every.to_string(),
        ]
    }

    fn read(arguments: &[String]) -> Result<Self, Failure> {
        let [networks, answered, every] = arguments else {
            return Err("measure KIND NETWORKS ANSWERED EVERY".into());
        };
        Ok(Self {
            networks: networks.parse()?,
            answered: answered.parse()?,
            every: every.parse()?,
        })
    }
}

/// A measurement of this process, in kilobytes.
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or(f64::NAN)
}

/// Works the pairs out; prints seconds, kilobytes, pairs, and pairs that pass,
/// then what was counted.
fn run<S>(asked: Asked, sets: S, counts: impl Fn(&S) -> String) -> Result<(), Failure>
where
    S: PacketSets + Send,
    S::Set: Send + Sync,
    S::Mark: Send,
{
    let region = region::region(asked.networks, 1);
    let receivers: Vec<usize> = (0..region.endpoints.len()).step_by(asked.every).collect();
    let before = memory("VmHWM:");
    let start = ProcessTime::now();
    let mut engine = Engine::new(&region.network, &region.routing, sets)?;
    let scope = Scope {
        answered: asked.answered,
        threads: 1,
    };
    let verdicts = engine.pairs_to(&region.endpoints, &receivers, scope, |_, pair| {
        Ok::<_, SetError>(pair.verdict)
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let grown = memory("VmHWM:") - before;
    let works = verdicts
        .iter()
        .filter(|verdict| matches!(verdict, Verdict::Partly | Verdict::Works));
    writeln!(
        std::io::stdout(),
        "{seconds} {grown} {} {}\n{}",
        verdicts.len(),
        works.count(),
        counts(engine.sets()),
    )?;
    Ok(())
}

/// Works all pairs out, and then anew after each of some changes, which are then
/// taken back; prints the seconds of the whole, and of each change with its kind
/// and how many pairs were worked out.
fn change(asked: Asked) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let region = region::region(asked.networks, 1);
    let mut numbers = Numbers::new(7);
    let lines = changes::lines(&region);
    let mut changed = Vec::new();
    let mut choose = |wanted: &[Kind], count: usize| {
        let lines: Vec<_> = lines
            .iter()
            .filter(|line| wanted.contains(&line.kind))
            .collect();
        for _ in 0..count {
            if let Some(line) = lines.get(numbers.below(lines.len().max(1))) {
                let made = changes::change(&region, **line, &mut numbers);
                changed.push((wanted.len() > 1, made));
            }
        }
    };
    choose(&[Kind::Filter, Kind::Translation, Kind::Route], CHANGES);
    choose(&[Kind::Translation], CHANGES_OF_A_KIND);
    choose(&[Kind::Route], CHANGES_OF_A_KIND);
    let mut engine = Engine::new(&region.network, &region.routing, Diagram::<u32>::new())?;
    let verdict = |_: &mut Diagram<u32>, pair: &Pair<packets::Set>| Ok(pair.verdict);
    let start = ProcessTime::now();
    let mut survey = engine.survey(&region.endpoints, true, verdict)?;
    writeln!(out, "{}", start.elapsed().as_secs_f64())?;
    for (any, changed) in &changed {
        let device = [changed.line.device];
        for (network, routing) in [
            (&changed.network, &changed.routing),
            (&region.network, &region.routing),
        ] {
            let start = ProcessTime::now();
            let difference = engine.revise(network, routing, &device)?;
            let pairs = engine.update(&mut survey, &difference, verdict)?;
            let seconds = start.elapsed().as_secs_f64();
            let kind = match (any, changed.line.kind) {
                (true, _) => "any",
                (_, Kind::Filter) => "filter",
                (_, Kind::Translation) => "translation",
                (_, Kind::Route) => "route",
            };
            writeln!(out, "{kind} {seconds} {pairs}")?;
        }
    }
    Ok(())
}

/// Measures in a process of its own; returns what it printed.
fn measure(kind: &str, asked: Asked) -> Result<String, Failure> {
    let output = Command::new(std::env::current_exe()?)
        .args(["measure", kind])
        .args(asked.arguments())
        .output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("no measurement of {kind}: {told}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Measures one thing in this process.
fn measured(arguments: &[String]) -> Result<(), Failure> {
    let Some((kind, rest)) = arguments.split_first() else {
        return Err("measure KIND NETWORKS ANSWERED EVERY".into());
    };
    let asked = Asked::read(rest)?;
    match kind.as_str() {
        "fields" => run(asked, Diagram::<u32>::new(), |sets| {
            let counts = sets.counts();
            format!(
                "intersections {} firsts {} merges {} nodes {} segments {}",
                counts.intersections,
                counts.firsts,
                counts.merges,
                sets.nodes(),
                sets.segments(),
            )
        }),
        "change" => change(asked),
        "collecting" => run(asked, Bdd::<u32>::collecting(1 << 28), of_bits),
        _ => run(asked, Bdd::<u32>::with_limit(1 << 28), of_bits),
    }
}

fn of_bits(sets: &Bdd<u32>) -> String {
    let (intersections, nodes) = (sets.intersections(), sets.nodes());
    format!("intersections {intersections} nodes {nodes}")
}

/// Prints a number beside its bar; tells whether the bar is met.
fn number(what: &str, value: &str, bar: &str, met: bool) -> Result<bool, Failure> {
    let word = if met { "pass" } else { "fail" };
    writeln!(
        std::io::stdout(),
        "number: {what} | {value} | {bar} | {word}"
    )?;
    Ok(met)
}

fn numbers(line: &str) -> Vec<f64> {
    let words = line.split_whitespace();
    words.filter_map(|word| word.parse().ok()).collect()
}

/// Compares both diagrams on one region; tells whether the bars are met, and adds
/// what was counted.
fn compare(asked: Asked, counted: &mut String) -> Result<bool, Failure> {
    let mut out = std::io::stdout();
    let words = asked.words();
    let read = |text: &str| -> Result<[f64; 4], Failure> {
        let first = numbers(text.lines().next().unwrap_or_default());
        first.try_into().map_err(|_| "no measurement".into())
    };
    let own = measure("fields", asked)?;
    let plain = measure("bits", asked)?;
    let [seconds, kilobytes, pairs, works] = read(&own)?;
    let [bits_seconds, bits_kilobytes, bits_pairs, bits_work] = read(&plain)?;
    let counts = own.lines().nth(1).unwrap_or_default();
    writeln!(counted, "{words}: pairs {pairs} passing {works} {counts}")?;
    writeln!(
        out,
        "{words}, {pairs} pairs: {seconds:.3} s, {:.1} MB; a plain diagram {bits_seconds:.3} s, {:.1} MB \
         ({}; its own {counts})",
        kilobytes / 1024.0,
        bits_kilobytes / 1024.0,
        plain.lines().nth(1).unwrap_or_default(),
    )?;
    let [collected_seconds, collected_kilobytes, ..] = read(&measure("collecting", asked)?)?;
    writeln!(
        out,
        "    a plain diagram that collects after every list: {collected_seconds:.3} s, {:.1} MB; \
         {:.1}x the engine's CPU, {:.1}x its memory",
        collected_kilobytes / 1024.0,
        collected_seconds / seconds,
        collected_kilobytes / kilobytes,
    )?;
    let same = bits_pairs.total_cmp(&pairs).is_eq() && bits_work.total_cmp(&works).is_eq();
    let (time, memory) = (bits_seconds / seconds, bits_kilobytes / kilobytes);
    let bar = format!("at least {BAR_DIAGRAM}x");
    let met = [
        number(
            &format!("pairs that pass by engine and plain diagram, {words}"),
            &format!("{works} and {bits_work}"),
            "the same",
            same,
        )?,
        number(
            &format!("plain diagram's CPU over the engine's, {words}"),
            &format!("{time:.1}x"),
            &bar,
            time >= BAR_DIAGRAM,
        )?,
        number(
            &format!("plain diagram's memory over the engine's, {words}"),
            &format!("{memory:.1}x"),
            &bar,
            memory >= BAR_DIAGRAM,
        )?,
    ];
    Ok(met.iter().all(|met| *met))
}

/// Compares single changes with the whole; tells whether the bar is met.
fn changes_of(networks: usize) -> Result<bool, Failure> {
    let mut out = std::io::stdout();
    let text = measure(
        "change",
        Asked {
            networks,
            answered: true,
            every: 1,
        },
    )?;
    let mut lines = text.lines();
    let whole: f64 = lines.next().unwrap_or_default().parse()?;
    let all: Vec<(&str, Vec<f64>)> = lines
        .filter_map(|line| line.split_once(' '))
        .map(|(kind, rest)| (kind, numbers(rest)))
        .collect();
    let mut met = true;
    for kind in ["any", "translation", "route"] {
        let of_kind = all.iter().filter(|(known, _)| *known == kind);
        let mut times: Vec<f64> = of_kind
            .clone()
            .filter_map(|(_, measured)| measured.first().copied())
            .collect();
        let mut pairs: Vec<f64> = of_kind
            .filter_map(|(_, measured)| measured.get(1).copied())
            .collect();
        times.sort_by(f64::total_cmp);
        pairs.sort_by(f64::total_cmp);
        let at = |list: &[f64], tenth: usize| -> Result<f64, Failure> {
            Ok(*list.get(list.len() * tenth / 10).ok_or("no change")?)
        };
        let (median, most) = (at(&times, 5)?, at(&times, 9)?);
        let (middle, far) = (whole / median, whole / most);
        writeln!(
            out,
            "{networks} networks, {} changes of one line ({kind}): {:.3} ms and {} pairs at the median, \
             {:.3} ms and {} pairs for nine in ten; the whole {whole:.3} s: 1/{middle:.0} and 1/{far:.0}",
            times.len(),
            median * 1e3,
            at(&pairs, 5)?,
            most * 1e3,
            at(&pairs, 9)?,
        )?;
        if kind == "any" {
            met = number(
                &format!("a one-line change at the median of the full run, {networks} networks"),
                &format!("1/{middle:.0}"),
                &format!("under 1/{BAR_CHANGE:.0}"),
                middle > BAR_CHANGE,
            )?;
        }
    }
    Ok(met)
}

/// Compares what was counted with what is kept.
fn as_kept(counted: &str) -> Result<bool, Failure> {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(KEPT, counted)?;
    }
    let kept = std::fs::read_to_string(KEPT)?;
    let other: Vec<&str> = counted
        .lines()
        .filter(|line| !kept.lines().any(|known| known == *line))
        .collect();
    for line in &other {
        writeln!(std::io::stdout(), "not as kept: {line}")?;
    }
    if !other.is_empty() {
        writeln!(
            std::io::stdout(),
            "where this is meant, `BLESS=1 cargo bench -p networks` writes benches/counts.txt anew"
        )?;
    }
    number(
        "counts of operations and nodes that differ from crates/networks/benches/counts.txt",
        &other.len().to_string(),
        "0",
        other.is_empty(),
    )
}

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = arguments.iter().position(|argument| argument == "measure");
    if let Some(rest) = asked.and_then(|at| arguments.get(at + 1..)) {
        measured(rest)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut counted = String::new();
    let mut met = true;
    for (networks, answered, every) in [(6, false, 1), (6, true, 1), (44, true, SAMPLED)] {
        let asked = Asked {
            networks,
            answered,
            every,
        };
        met &= compare(asked, &mut counted)?;
    }
    for networks in [6, 44] {
        met &= changes_of(networks)?;
    }
    met &= as_kept(&counted)?;
    Ok(if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
