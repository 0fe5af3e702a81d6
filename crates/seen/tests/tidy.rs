//! What every change must keep: direction of dependencies, size and
//! documentation of files, no leftovers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each crate may use of ours, lowest first (ARCHITECTURE.md has the picture).
const MAY_USE: &[(&str, &[&str])] = &[
    ("findings", &[]),
    ("packets", &[]),
    ("region", &["findings", "packets"]),
    ("records", &["findings", "region"]),
    ("networks", &["findings", "packets"]),
    ("dialects", &["findings", "packets", "networks"]),
    (
        "journeys",
        &["findings", "packets", "region", "networks", "dialects"],
    ),
    (
        "snapshots",
        &["findings", "packets", "region", "networks", "dialects"],
    ),
    (
        "lab",
        &[
            "findings",
            "packets",
            "region",
            "networks",
            "dialects",
            "journeys",
            "snapshots",
        ],
    ),
    (
        "seen",
        &[
            "findings",
            "packets",
            "region",
            "networks",
            "dialects",
            "journeys",
            "snapshots",
            "lab",
        ],
    ),
];

/// Deliberate faults for tests, compiled only with a feature of its own, which
/// remembers the fault by thread.
const SEEDED_FAULTS: &str = "reachability/seeded.rs";

/// Past this a source file must be cut.
const LINES_MAX: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file under a folder with this ending, build results left out.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the project's folders are readable") {
            let path = entry.expect("the project's folders are readable").path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == ending)
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn crates() -> BTreeSet<String> {
    fs::read_dir(root().join("crates"))
        .expect("there are crates")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// The names under `[dependencies]` of a manifest that are crates of ours.
fn direct_dependencies(manifest: &str, ours: &BTreeSet<String>) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| ours.contains(*name))
        .map(str::to_owned)
        .collect()
}

/// A crate depends only on what the design lets it.
#[test]
fn dependencies_go_one_way() {
    let ours = crates();
    for name in &ours {
        let manifest = root().join("crates").join(name).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).expect("each crate has a manifest");
        let allowed = MAY_USE
            .iter()
            .find(|(crate_name, _)| crate_name == name)
            .unwrap_or_else(|| panic!("`{name}` is not in the table of what may use what"))
            .1;
        for dependency in direct_dependencies(&text, &ours) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "`{name}` uses `{dependency}`, which the design does not let it"
            );
        }
    }
}

/// Crates below the rim do no I/O, read no clock and start no process.
#[test]
fn pure_crates_have_no_effects() {
    const EFFECTS: &[&str] = &[
        "std::fs",
        "std::net::Tcp",
        "std::net::Udp",
        "std::process",
        "std::env::",
        "SystemTime",
        "Instant::now",
        "static mut",
        "thread_local!",
        "OnceLock",
        "LazyLock",
        "thread::spawn",
    ];
    for name in [
        "findings", "packets", "region", "records", "networks", "dialects", "journeys",
    ] {
        for path in files(&root().join("crates").join(name).join("src"), "rs") {
            if path.ends_with(SEEDED_FAULTS) {
                continue;
            }
            let text = fs::read_to_string(&path).expect("source is readable");
            let product = text.split("#[cfg(test)]").next().unwrap_or_default();
            for effect in EFFECTS {
                assert!(
                    !product.contains(effect),
                    "{} has `{effect}`",
                    path.display()
                );
            }
        }
    }
}

/// Every source file says at its top what it is for, and is of a readable size.
#[test]
fn source_files_are_documented_and_short() {
    for path in files(&root().join("crates"), "rs") {
        let text = fs::read_to_string(&path).expect("source is readable");
        // Modules of a test binary are introduced where it lists them.
        let product = path.components().any(|part| part.as_os_str() == "src");
        assert!(
            !product || text.starts_with("//!"),
            "{} does not say what it is for",
            path.display()
        );
        // A list of harmless classes, each with its reason, grows with what is met.
        if path.ends_with("harmless.rs") {
            continue;
        }
        let lines = text.lines().count();
        assert!(
            lines <= LINES_MAX,
            "{} has {lines} lines; cut it by idea",
            path.display()
        );
    }
}

/// Nothing that only makes sense on one machine, or was left behind, is in the tree.
#[test]
fn no_leftovers() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("todo", "!("),
        concat!("#[ign", "ore"),
    ];
    for ending in ["rs", "md", "toml", "yaml"] {
        for path in files(&root(), ending) {
            let text = fs::read_to_string(&path).expect("the project's files are readable");
            for mark in marks {
                assert!(!text.contains(mark), "{} has `{mark}`", path.display());
            }
            for home in ["work", "root", "home"].map(|name| format!("/{name}/")) {
                assert!(
                    !text.contains(&format!("\"{home}")) && !text.contains(&format!(" {home}")),
                    "{} names a path of one machine",
                    path.display()
                );
            }
        }
    }
}
