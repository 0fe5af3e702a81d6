use crate::support::{folder, load, show_error, show_findings, today};
use snapshots::FILE_SIZE_MAX;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

/// Returns why a folder cannot be loaded.
fn error(folder: &Path) -> String {
    match snapshots::load(folder, today()) {
        Ok(_) => panic!("the folder was loaded"),
        Err(error) => show_error(&error, folder),
    }
}

const HOST: &str =
    r#"{"hostname": "a", "hostInterfaces": {"eth0": {"name": "eth0", "prefix": "10.0.0.1/24"}}}"#;

/// Each way in which a folder cannot be loaded says what and which file.
#[test]
fn unusable_folders() {
    let empty = folder(&[("notes.md", "nothing")]);
    let twice = folder(&[("hosts/a.json", HOST), ("hosts/b.json", HOST)]);
    let cabling = folder(&[
        ("hosts/a.json", HOST),
        ("layer1_topology.json", "{\"edges\": [}"),
    ]);
    let dangling = folder(&[("hosts/a.json", HOST)]);
    symlink("nowhere", dangling.path().join("hosts/b.json")).unwrap();
    let shown = [
        error(&empty.path().join("missing")),
        error(empty.path()),
        error(twice.path()),
        error(cabling.path()),
        error(dangling.path()),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r#"
    [snapshot-unreadable] cannot read `FOLDER`
      caused by: No such file or directory (os error 2)
      hint: is the path right? a link may lead to nothing

    [snapshot-empty] there are no configurations in `FOLDER`
      hint: a folder of configurations has them in `configs/` (and `hosts/`) or directly in it, as *.cfg, *.conf or *.txt; a region has a `region.yaml`

    [snapshot-device-duplicate] device `a` is configured by both `hosts/a.json` and `hosts/b.json`
      hint: remove one of the two files, or rename the device in it

    [snapshot-cabling-invalid] `layer1_topology.json` is not a layer-1 topology
      caused by: expected value at line 1 column 12
      hint: it is written `{"edges": [{"node1": {"hostname": …, "interfaceName": …}, "node2": …}]}`

    [snapshot-unreadable] cannot read `hosts/b.json`
      caused by: No such file or directory (os error 2)
      hint: is the path right? a link may lead to nothing
    "#);
}

/// A file of any size ends in a message, not in memory.
#[test]
fn huge_file() {
    let folder = folder(&[("hosts/a.json", HOST)]);
    let path = folder.path().join("hosts/b.json");
    File::create(path)
        .unwrap()
        .set_len(100 * FILE_SIZE_MAX)
        .unwrap();
    insta::assert_snapshot!(error(folder.path()), @"
    [snapshot-file-too-large] `hosts/b.json` is larger than 64 MiB
      hint: exported configurations are far smaller: is this one?
    ");
}

/// What is no regular file is not read: it might never end.
#[test]
fn devices_and_pipes() {
    let folder = folder(&[("hosts/a.json", HOST)]);
    symlink("/dev/zero", folder.path().join("hosts/b.json")).unwrap();
    insta::assert_snapshot!(error(folder.path()), @"
    [snapshot-unreadable] cannot read `hosts/b.json`
      caused by: not a regular file
      hint: mend it, or take it out of the folder
    ");
}

/// Links to folders are told and not followed; links to files are files.
#[test]
fn circles_of_links() {
    let folder = folder(&[("hosts/a.json", HOST)]);
    symlink("..", folder.path().join("hosts/up")).unwrap();
    fs::rename(folder.path().join("hosts/a.json"), folder.path().join("a")).unwrap();
    symlink("../a", folder.path().join("hosts/a.json")).unwrap();
    let snapshot = load(folder.path());
    assert_eq!(snapshot.network.devices.len(), 1);
    insta::assert_snapshot!(show_findings(&snapshot.sources, &snapshot.findings), @"
    note[link-ignored]  the link `hosts/up` to a folder is not followed
      owner: nobody; hint: name the folder itself where it is meant
    ");
}

/// Bytes that are not UTF-8 are characters still, and that is told.
#[test]
fn not_utf8() {
    let folder = folder(&[("iptables-save.rules", "")]);
    let text = b"# caf\xe9\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n";
    fs::write(folder.path().join("iptables-save.rules"), text).unwrap();
    let snapshot = load(folder.path());
    let (_, source) = snapshot.sources.iter().next().unwrap();
    assert!(source.text().starts_with("# café\n"));
    insta::assert_snapshot!(show_findings(&snapshot.sources, &snapshot.findings), @"
    note[file-not-utf8] iptables-save.rules:1:1 `iptables-save.rules` is not in UTF-8; it is read as ISO 8859-1
      owner: nobody; hint: none
    ");
}

/// Random bytes in every place of a region are told, and nothing more happens.
#[test]
fn noise_in_every_place() {
    // A fixed sequence (xorshift), so that a failure can be repeated.
    let mut state = 0x9e37_79b9_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    })
    .take(5000)
    .collect();
    for path in [
        "configs/a.cfg",
        "hosts/a.json",
        "a.txt",
        "layer1_topology.json",
        "region.yaml",
    ] {
        let folder = folder(&[(path, "")]);
        fs::write(folder.path().join(path), &noise).unwrap();
        drop(snapshots::load(folder.path(), today()));
    }
}
