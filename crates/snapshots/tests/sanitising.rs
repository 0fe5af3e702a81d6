use crate::support::{data, folder, load, today};
use snapshots::Snapshot;
use snapshots::sanitise::{Report, SanitiseError, sanitise};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Sanitises a folder into a new one.
fn sanitised(from: &Path) -> (TempDir, Report) {
    let to = tempfile::tempdir().unwrap();
    let report = sanitise(from, to.path(), today()).unwrap();
    (to, report)
}

/// Returns the texts of a snapshot by path.
fn texts(snapshot: &Snapshot) -> BTreeMap<&str, &str> {
    let files = snapshot.sources.iter();
    files
        .map(|(_, source)| (source.path(), source.text()))
        .collect()
}

/// Prints the model of a snapshot with lines in the place of bytes, as far as
/// the bytes stand in debugging output as `start: …, end: …`.
fn model(snapshot: &Snapshot) -> String {
    let printed = format!("{:?}", snapshot.network);
    let mut parts = printed.split("start: ");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(", end: ").unwrap();
        out.push_str(rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

/// Secrets go, equal ones become equal tokens, nothing else changes, no line moves.
#[test]
fn secrets_go_and_nothing_else() {
    let fortios = "#config-version=FGT60E-7.0.1\nconfig system interface\n    edit \"port1\"\n        set vdom \"root\"\n        set ip 10.0.0.1 255.255.255.0\n    next\nend\nconfig system admin\n    edit \"jo\"\n        set password ENC tiger\n    next\n    edit \"mo\"\n        set password ENC tiger\n    next\n    edit \"bo\"\n        set password ENC lion\n    next\nend\n";
    let from = folder(&[("configs/a.conf", fortios)]);
    let (to, report) = sanitised(from.path());
    let text = fs::read_to_string(to.path().join("configs/a.conf")).unwrap();
    let expected = fortios
        .replace("tiger", "removed-1")
        .replace("lion", "removed-2");
    assert_eq!(text, expected);
    assert_eq!(
        report,
        Report {
            files: 1,
            places: 3,
            secrets: 2
        }
    );
    assert_eq!(model(&load(from.path())), model(&load(to.path())));
    let (again, _) = sanitised(to.path());
    assert_eq!(texts(&load(again.path())), texts(&load(to.path())));
}

/// Real folders: the model of the copy is the model of the original, and every
/// line stands where it stood.
#[test]
fn real_folders_keep_their_meaning() {
    for path in [
        "batfish-example",
        "stanford",
        "lab-validation/fortios_fw_policy_basic",
        "lab-validation/iosxe_connectivity_sample",
        "lab-validation/ios_example_network",
    ] {
        let Some(from) = data(path) else { return };
        let (to, report) = sanitised(&from);
        let (before, after) = (load(&from), load(to.path()));
        assert_eq!(
            before.network.devices.len(),
            after.network.devices.len(),
            "{path}"
        );
        assert!(
            model(&before) == model(&after),
            "the models of {path} differ"
        );
        let (before, after) = (texts(&before), texts(&after));
        assert_eq!(
            before.keys().collect::<Vec<_>>(),
            after.keys().collect::<Vec<_>>()
        );
        let mut changed = 0;
        for (name, text) in before {
            assert_eq!(text.lines().count(), after[name].lines().count(), "{name}");
            let lines = text.lines().zip(after[name].lines());
            changed += lines.filter(|(one, other)| one != other).count();
        }
        assert!(
            changed <= report.places + 100,
            "{path}: {changed} lines changed"
        );
    }
}

/// Nothing is written where something could be lost or a secret could slip through.
#[test]
fn refusals() {
    let good = folder(&[("fw.rules", "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")]);
    let full = folder(&[("precious.txt", "x")]);
    let error = sanitise(good.path(), full.path(), today()).unwrap_err();
    assert!(matches!(error, SanitiseError::NotEmpty { .. }), "{error}");

    let junos = folder(&[("configs/j.cfg", "set system host-name j\n")]);
    let to = tempfile::tempdir().unwrap();
    let error = sanitise(junos.path(), to.path(), today()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`configs/j.cfg` is in a language whose secrets are not known"
    );
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
}
