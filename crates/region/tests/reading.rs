use crate::support::{edited, read, show};

/// Reads the region with one file replaced, and returns why that cannot be read.
fn problems(path: &str, text: &str) -> String {
    let (sources, region) = read(&[(path, text)]);
    show(&sources, &region.expect_err("the file is unreadable"))
}

/// A key that means nothing is told with its place and the key that was meant.
#[test]
fn unknown_key() {
    let path = "sites/county-hall.yaml";
    insta::assert_snapshot!(problems(path, &edited(path, "tenants", "tennants")), @"
    error[region-key-unknown]: the key `tennants` means nothing here
      sites/county-hall.yaml:2:1
      | tennants: [county-council, downs-hospital]
      | ^^^^^^^^
      hint: did you mean `tenants`?
    ");
}

/// A key without a likely meaning is told with all there are.
#[test]
fn unknown_key_lists_the_choices() {
    let path = "region.yaml";
    insta::assert_snapshot!(problems(path, "name: x\nflavour: mild\n"), @"
    error[region-key-unknown]: the key `flavour` means nothing here
      region.yaml:2:1
      | flavour: mild
      | ^^^^^^^
      hint: possible here: name, title, footprints, approvals, keys, red-lines
    ");
}

/// A repeated key names both places.
#[test]
fn repeated_key() {
    let path = "sites/county-hall.yaml";
    insta::assert_snapshot!(problems(path, &edited(path, "segments:", "network: downs\nsegments:")), @"
    error[region-key-duplicate]: the key `network` stands here twice
      sites/county-hall.yaml:3:1
      | network: downs
      | ^^^^^^^
      because: it stands here first sites/county-hall.yaml:1:1
      hint: remove one of the two
    ");
}

/// A repeated name is a repeated key.
#[test]
fn repeated_segment() {
    let path = "sites/downs-general.yaml";
    insta::assert_snapshot!(problems(path, &edited(path, "hot-desks", "wards")), @"
    error[region-key-duplicate]: the key `wards` stands here twice
      sites/downs-general.yaml:8:3
      |   wards:
      |   ^^^^^
      because: it stands here first sites/downs-general.yaml:4:3
      hint: remove one of the two
    ");
}

/// A required key that is missing points at the thing that lacks it.
#[test]
fn missing_key() {
    let path = "agreements/discharge.yaml";
    insta::assert_snapshot!(problems(path, &edited(path, "basis: Section 75 agreement\n", "")), @"
    error[region-key-missing]: the key `basis` is missing here
      agreements/discharge.yaml:1:1
      | parties: [downs-hospital, county-council]
      | ^^^^^^^
    ");
}

/// Problems of one file are told together: each element is read for itself.
#[test]
fn many_problems_at_once() {
    let path = "networks/downs/network.yaml";
    let text = "kind: nsh
owner: downs-hospital
allocated: [10.40.0.0/13, 10.300.0.0/16, 10.40.0.1/13, {a: b}]
bondary: {}
";
    insta::assert_snapshot!(problems(path, text), @"
    error[region-value]: `nsh` is none of the possible values
      networks/downs/network.yaml:1:7
      | kind: nsh
      |       ^^^
      hint: did you mean `nhs`?
    error[region-value]: `10.300.0.0/16` is neither an address nor a prefix
      networks/downs/network.yaml:3:27
      | allocated: [10.40.0.0/13, 10.300.0.0/16, 10.40.0.1/13, {a: b}]
      |                           ^^^^^^^^^^^^^
    error[region-value]: `10.40.0.1/13` has bits set after its length: write the first address of the prefix
      networks/downs/network.yaml:3:42
      | allocated: [10.40.0.0/13, 10.300.0.0/16, 10.40.0.1/13, {a: b}]
      |                                          ^^^^^^^^^^^^
    error[region-value]: expected text, found keys with values
      networks/downs/network.yaml:3:57
      | allocated: [10.40.0.0/13, 10.300.0.0/16, 10.40.0.1/13, {a: b}]
      |                                                         ^
    error[region-key-unknown]: the key `bondary` means nothing here
      networks/downs/network.yaml:4:1
      | bondary: {}
      | ^^^^^^^
      hint: did you mean `boundary`?
    ");
}

/// Problems of several files are told together, sorted by file.
#[test]
fn problems_of_several_files() {
    let (sources, region) = read(&[
        (
            "networks/downs/network.yaml",
            "kind: nhs\nowner: Downs Hospital\n",
        ),
        (
            "organisations/county-council.yaml",
            "ods: '816'\nnetwork: county\nservices:\n  a: {addresses: [10.0.0.1], ports: [tcp/99999]}\n",
        ),
    ]);
    insta::assert_snapshot!(show(&sources, &region.unwrap_err()), @"
    error[region-value]: `Downs Hospital` is not a name: names are of lower-case letters, digits and inner hyphens
      networks/downs/network.yaml:2:8
      | owner: Downs Hospital
      |        ^^^^^^^^^^^^^^
    error[region-value]: `tcp/99999` is no traffic: write `tcp/443`, `udp/53`, `tcp/8000-8100` or `icmp/echo`
      organisations/county-council.yaml:4:38
      |   a: {addresses: [10.0.0.1], ports: [tcp/99999]}
      |                                      ^^^^^^^^^
    ");
}

/// Text that YAML reads as something else stays the text it is.
#[test]
fn scalars_keep_their_spelling() {
    for code in ["5E1", "NO", "0816", "816"] {
        let path = "organisations/county-council.yaml";
        let text = edited(path, "'816'", code);
        let (_, region) = read(&[(path, &text)]);
        let region = region.unwrap();
        let ods = region.organisations.values().map(|o| o.about.ods.as_str());
        assert!(ods.into_iter().any(|read| read == code), "{code}");
    }
}

/// What lets text stand for other text is refused.
#[test]
fn anchors_aliases_tags_and_documents() {
    let path = "region.yaml";
    let texts = [
        "name: &a x\ntitle: y\n",
        "name: x\ntitle: *a\n",
        "name: !!str x\n",
        "name: x\n---\nname: y\n",
        "",
        "# nothing\n",
        "name: [x\n",
        "name: x\n\ttitle: y\n",
    ];
    let all: Vec<_> = texts
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| problems(path, text))
        .collect();
    insta::assert_snapshot!(all.join("\n"), @"
    error[region-yaml-syntax]: anchors and aliases are not used in these files
      region.yaml:1:10
      | name: &a x
      |          ^
      hint: write the value out where it is meant

    error[region-yaml-syntax]: not YAML: while parsing node, found unknown anchor
      region.yaml:2:8
      | title: *a
      |        ^

    error[region-yaml-syntax]: tags are not used in these files
      region.yaml:1:13
      | name: !!str x
      |             ^

    error[region-yaml-syntax]: a second document starts in this file
      region.yaml:2:1
      | ---
      | ^^^
      hint: one file holds one thing: remove the `---`, or move what follows it

    error[region-yaml-syntax]: the file is empty
      region.yaml:1:1
      | # nothing
      | ^
      hint: write at least the required keys

    error[region-yaml-syntax]: not YAML: unclosed bracket '['
      region.yaml:1:7
      | name: [x
      |       ^

    error[region-yaml-syntax]: not YAML: while scanning a plain scalar, found a tab
      region.yaml:1:7
      | name: x
      |       ^
    ");
}

/// A region without its own file is told what to write.
#[test]
fn no_region_file() {
    insta::assert_snapshot!(problems("region.yaml", ""), @"
    error[region-file-missing]: the region has no `region.yaml`
      hint: write one with at least `name: …`
    ");
}

/// A date, a realm, a name, a port, a key, each of the wrong form.
#[test]
fn values_of_the_wrong_form() {
    let path = "region.yaml";
    let key = "name: x
keys:
  - {key: not a key, holder: A, organisation: b, may: [executive], from: 2026-01-01}
  - {key: ssh-ed25519 AAAAC3Nz, holder: A, organisation: b, may: [exec], from: 2026-01-01}
  - {key: ssh-ed25519 AAAAC3Nz, holder: A, organisation: b, may: [executive], from: 2026-02-30}
  - {key: ssh-ed25519 AAAAC3Nz, holder: A, organisation: b, may: executive, from: 1 May 2026}
  - {key: ssh-ed25519 AAAAC3Nz, holder: , organisation: b, may: [executive], from: 2026-01-01}
";
    insta::assert_snapshot!(problems(path, key), @"
    error[region-value]: `not a key` is not an SSH public key, such as a line of `id_ed25519.pub`
      region.yaml:3:11
      |   - {key: not a key, holder: A, organisation: b, may: [executive], from: 2026-01-01}
      |           ^^^^^^^^^
    error[region-value]: `exec` is none of the possible values
      region.yaml:4:67
      |   - {key: ssh-ed25519 AAAAC3Nz, holder: A, organisation: b, may: [exec], from: 2026-01-01}
      |                                                                   ^^^^
      hint: possible here: technical, executive, information-governance
    error[region-value]: `2026-02-30` is not a day: write `2026-11-23`
      region.yaml:5:85
      |   - {key: ssh-ed25519 AAAAC3Nz, holder: A, organisation: b, may: [executive], from: 2026-02-30}
      |                                                                                     ^^^^^^^^^^
    error[region-value]: expected a list, found `executive`
      region.yaml:6:66
      |   - {key: ssh-ed25519 AAAAC3Nz, holder: A, organisation: b, may: executive, from: 1 May 2026}
      |                                                                  ^^^^^^^^^
    error[region-value]: `1 May 2026` is not a day: write `2026-11-23`
      region.yaml:6:83
      |   - {key: ssh-ed25519 AAAAC3Nz, holder: A, organisation: b, may: executive, from: 1 May 2026}
      |                                                                                   ^^^^^^^^^^
    error[region-value]: expected text, found nothing
      region.yaml:7:39
      |   - {key: ssh-ed25519 AAAAC3Nz, holder: , organisation: b, may: [executive], from: 2026-01-01}
      |                                       ^
      hint: write a value, or leave the key out where it is optional
    ");
}

/// An unknown kind of peer, and a peer without what it needs.
#[test]
fn peers_of_the_wrong_kind() {
    let path = "networks/downs/network.yaml";
    let text = edited(path, "cloud:", "clowd:");
    let bare = edited(
        path,
        "\n      cloud: {network: carrier, assumption: mpls, attachment: downs}",
        " cloud",
    );
    insta::assert_snapshot!(problems(path, &text) + &problems(path, &bare), @"
    error[region-value]: `clowd` is none of the possible values
      networks/downs/network.yaml:8:7
      |       clowd: {network: carrier, assumption: mpls, attachment: downs}
      |       ^^^^^
      hint: did you mean `cloud`?
    error[region-value]: `cloud` needs more: keys with values below it
      networks/downs/network.yaml:7:11
      |     peer: cloud
      |           ^^^^^
    ");
}
