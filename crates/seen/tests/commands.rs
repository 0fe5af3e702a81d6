//! Each subcommand by its output: standard output is the answer, standard
//! error the rest, and the exit code says how it went.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What a command did.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("the answer is JSON")
    }
}

/// Runs the command in the project's root.
fn seen(arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_seen"))
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Run {
        code: output.status.code().expect("it exits"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

const FAULTY: &str = "examples/south-east";
const MENDED: &str = "examples/south-east-mended";
const DAY: [&str; 2] = ["--today", "2026-11-23"];

fn with_day<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().copied().chain(DAY).collect()
}

/// A new region checks, and its one journey works.
#[test]
fn init_makes_a_region_that_checks() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let region = folder.path().join("new").display().to_string();
    assert_eq!(seen(&["init", &region]).code, 0);
    let run = seen(&["check", &region, "--format", "json"]);
    assert_eq!(run.json()["summary"]["works"], 1, "{}", run.out);
    assert_eq!(run.code, 0);
    let again = seen(&["init", &region]);
    assert_eq!((again.code, again.out.as_str()), (4, ""));
    assert!(again.err.contains("error[output-exists]"), "{}", again.err);
}

/// Every format of a check is well formed and has what the check found.
#[test]
fn check_in_every_format() {
    let run = |format| seen(&with_day(&["check", FAULTY, "--format", format]));
    let table = run("table");
    assert_eq!((table.code, table.err.as_str()), (1, ""));
    assert!(
        table
            .out
            .contains("20 of 40 journeys work; 1 partly, 19 blocked, 0 unknown")
    );
    assert!(
        table
            .out
            .contains("networks/downs/configs/downs-bdr1.cfg:58")
    );

    let sarif = run("sarif").json();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(
        results
            .iter()
            .any(|result| result["ruleId"] == "opening-one-sided")
    );

    let junit = run("junit").out;
    assert!(junit.starts_with("<?xml") && junit.contains("<testsuite name=\"journeys\""));
    let csv = run("csv").out;
    assert_eq!(csv.lines().count(), 41, "a head and a line a journey");
    let html = run("html").out;
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("<html lang=\"en\">"));
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "it needs nothing beside it"
    );
}

/// An explanation names the file, the line and its text, and who is stopped.
#[test]
fn explain_names_the_line() {
    let run = seen(&with_day(&[
        "explain",
        FAULTY,
        "--from",
        "ashdene-hall/hot-desks",
        "--to",
        "downs-community/records",
    ]));
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.out.contains("reach    blocked"), "{}", run.out);
    let line = "networks/downs/configs/downs-bdr1.cfg:58: deny   ip 10.96.17.0 0.0.0.255 any log";
    assert!(run.out.contains(line), "{}", run.out);
}

/// A name that is not there is refused with those that are.
#[test]
fn unknown_names_are_refused_with_the_nearest() {
    let run = seen(&with_day(&[
        "explain",
        FAULTY,
        "--from",
        "ashdene-hal",
        "--to",
        "records",
    ]));
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(
        run.err
            .contains("there is no site or segment `ashdene-hal`"),
        "{}",
        run.err
    );
    assert!(
        run.err.contains("hint: there are `ashdene-hall/"),
        "{}",
        run.err
    );
}

/// A packet and its answer are followed through translation and back.
#[test]
fn trace_follows_there_and_back() {
    let run = seen(&with_day(&[
        "trace",
        MENDED,
        "--at",
        "downs-dist1",
        "--source",
        "10.32.16.9",
        "--destination",
        "10.112.8.30:443",
        "--format",
        "json",
    ]));
    let answer = run.json();
    assert_eq!(answer["ways"][0]["disposition"], "Delivered", "{}", run.out);
    assert_eq!(answer["ways"][0]["answers"][0]["returned"], "CameBack");
    assert_eq!(run.code, 0);
}

/// Mending gains journeys and loses none; going back loses them.
#[test]
fn diff_tells_journeys_first() {
    let mended = seen(&with_day(&["diff", FAULTY, MENDED]));
    assert_eq!(mended.code, 0);
    assert!(
        mended
            .out
            .starts_with("journeys: 20 gained, 0 lost, 20 unchanged\n"),
        "{}",
        mended.out
    );
    let broken = seen(&with_day(&["diff", MENDED, FAULTY]));
    assert_eq!(broken.code, 1);
    assert!(
        broken
            .out
            .starts_with("journeys: 0 gained, 20 lost, 20 unchanged\n")
    );
}

/// A copy without secrets has the same verdicts, and no secret left.
#[test]
fn sanitise_changes_no_verdict() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path().join("copy").display().to_string();
    assert_eq!(seen(&["sanitise", FAULTY, "--output", &copy]).code, 0);
    let verdicts = |folder: &str| {
        let answer = seen(&with_day(&["check", folder, "--format", "json"])).json();
        (
            answer["journeys"].clone(),
            answer["summary"]["errors"].clone(),
        )
    };
    assert_eq!(verdicts(FAULTY), verdicts(&copy));
    let read = |folder: &str, file: &str| {
        std::fs::read_to_string(root().join(folder).join(file)).expect("the file is there")
    };
    let file = "networks/downs/configs/downs-fw1.conf";
    assert!(read(FAULTY, file).contains("SH2exampleonlynotareal"));
    assert!(!read(&copy, file).contains("SH2exampleonlynotareal"));
}

/// The other subcommands answer, in each of their forms.
#[test]
fn tables_graphs_and_schemas() {
    let routes = seen(&with_day(&[
        "routes",
        MENDED,
        "--device",
        "rx1",
        "--to",
        "10.32.8.20",
    ]));
    assert!(routes.out.contains("10.32.0.0/14"), "{}", routes.out);
    let journeys = seen(&with_day(&["journeys", MENDED, "--format", "csv"]));
    assert_eq!(journeys.out.lines().count(), 41);
    let coverage = seen(&with_day(&["coverage", MENDED, "--format", "json"]));
    assert_eq!(coverage.code, 0, "nothing is left that could matter");
    assert!(
        coverage.json()["files"]
            .as_array()
            .is_some_and(|files| files.len() >= 19)
    );
    assert!(
        seen(&with_day(&["graph", MENDED]))
            .out
            .starts_with("graph seen {")
    );
    assert!(
        seen(&with_day(&["graph", MENDED, "--format", "mermaid"]))
            .out
            .starts_with("graph LR")
    );
    assert!(seen(&["schema", "site"]).json().is_object());
    assert!(seen(&["completions", "bash"]).out.contains("seen"));
    assert!(seen(&["--help"]).out.contains("Exit codes:"));
    assert_eq!(seen(&["no-such-command"]).code, 2);
}
