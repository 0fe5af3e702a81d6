//! `lab judge RULE-SETS PACKETS SEED`: compares the kernel with the interpreter.
//!
//! Prints the counts, and two of them beside their bars; exit code 1 where they differ, 5 where the machine does
//! not let it judge. Needs root, `unshare`, `ip`, `iptables-restore` and `nft`.

use lab::judge::{Tally, judge};
use std::io::{self, Write as _};
use std::process::ExitCode;

/// So many first packets must at least be alike in the kernel and the interpreter
/// when the rule sets and packets asked for are as many.
const PACKETS_MIN: u64 = 20_000;

/// How many differences are shown in full.
const SHOWN: usize = 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().ok();
    let done = match words.as_slice() {
        ["judge", sets, packets, seed] => match (number(sets), number(packets), number(seed)) {
            (Some(sets), Some(packets), Some(seed)) => judge_many(sets, packets, seed),
            _ => usage(),
        },
        ["judge-one", seed, packets] => match (number(seed), packets.parse()) {
            (Some(seed), Ok(packets)) => judge_one(seed, packets),
            _ => usage(),
        },
        _ => usage(),
    };
    done.unwrap_or(ExitCode::from(5))
}

fn usage() -> io::Result<ExitCode> {
    writeln!(io::stderr(), "usage: lab judge RULE-SETS PACKETS SEED")?;
    Ok(ExitCode::from(2))
}

/// Each rule set in a namespace of its own, by this program started again.
fn judge_many(sets: u64, packets: u64, seed: u64) -> io::Result<ExitCode> {
    let program = std::env::current_exe()?;
    let mut total = Tally::default();
    let mut shown = 0;
    let mut out = io::stdout().lock();
    for seed in seed..seed + sets {
        let arguments = [
            "judge-one".to_owned(),
            seed.to_string(),
            packets.to_string(),
        ];
        let (status, text) = match lab::in_namespace(&program, &arguments) {
            Ok(done) => done,
            Err(error) => {
                writeln!(io::stderr(), "{error}")?;
                return Ok(ExitCode::from(5));
            }
        };
        let Some(tally) = text.lines().find_map(Tally::parse) else {
            writeln!(io::stderr(), "seed {seed}: {status}\n{text}")?;
            return Ok(ExitCode::from(5));
        };
        total.add(&tally);
        if tally.differing > 0 && shown < SHOWN {
            shown += 1;
            writeln!(out, "seed {seed}\n{text}")?;
        }
    }
    writeln!(
        out,
        "{} first packets agree ({} passed, {} translated), {} answers agree ({} passed), \
         {} unknown, {} differ",
        total.agreed,
        total.passed,
        total.translated,
        total.answers,
        total.answers_passed,
        total.unknown,
        total.differing
    )?;
    let word = |met: bool| if met { "pass" } else { "fail" };
    writeln!(
        out,
        "number: kernel judge, packets and answers that differ | {} of {} | 0 | {}",
        total.differing,
        total.agreed + total.answers + total.differing,
        word(total.differing == 0),
    )?;
    let bar = PACKETS_MIN.min(sets.saturating_mul(packets));
    let met = total.differing > 0 || u64::from(total.agreed) >= bar;
    writeln!(
        out,
        "number: kernel judge, first packets that agree | {} | at least {bar} | {}",
        total.agreed,
        word(u64::from(total.agreed) >= bar),
    )?;
    Ok(ExitCode::from(u8::from(total.differing > 0 || !met)))
}

fn judge_one(seed: u64, packets: u16) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match judge(seed, packets) {
        Ok(verdict) => {
            if !verdict.differences.is_empty() {
                writeln!(out, "{}", verdict.rules)?;
            }
            for difference in &verdict.differences {
                writeln!(out, "{difference}")?;
            }
            writeln!(out, "{}", verdict.tally)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(io::stderr(), "seed {seed}: {error}")?;
            Ok(ExitCode::from(5))
        }
    }
}
