use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What the fuzz targets assert of every decoder.
#[path = "../../../fuzz/src/decoders.rs"]
#[expect(
    unreachable_pub,
    reason = "the same file is a module of the fuzz targets' library"
)]
mod decoders;
/// Running the command within limits of time and memory.
mod limited;

use limited::{Ended, run};

/// Every input that once broke a decoder keeps what its fuzz target asserts.
#[test]
fn hostile_regressions() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let of_files: BTreeSet<_> = names(&fuzz.join("fuzz_targets"))
        .iter()
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .collect();
    let of_functions: BTreeSet<_> = decoders::TARGETS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(of_files, of_functions, "each target has a function");
    for folder in names(&fuzz.join("regressions")) {
        let target = decoders::TARGETS.iter().find(|(name, _)| *name == folder);
        let (_, decode) = target.expect("regressions stand in a folder named as their target");
        for name in names(&fuzz.join("regressions").join(&folder)) {
            let path = fuzz.join("regressions").join(&folder).join(name);
            decode(&fs::read(path).expect("a regression is readable"));
        }
    }
}

/// Bytes at random, one endless line, nothing but line ends, words of no
/// language: read within bounds, and what they say of a device is not known.
#[test]
fn hostile_nonsense() {
    let (size, lines) = if full() {
        (60 << 20, 1_900_000)
    } else {
        (1 << 20, 100_000)
    };
    let start = router(1, 2);
    let cases: [(&str, Vec<u8>); 5] = [
        ("random bytes", random_bytes(1 << 20)),
        ("random bytes after a configuration", {
            let mut bytes = start.clone().into_bytes();
            bytes.extend(random_bytes(1 << 20));
            bytes
        }),
        ("one line", repeated(&start, "a b ", size / 4)),
        ("empty lines", repeated(&start, "\n", lines)),
        ("unknown words", repeated(&start, "frobnicate\n", lines)),
    ];
    let neighbour = router(2, 1);
    for (name, bytes) in cases {
        let folder = folder(&[("a.cfg", &bytes), ("b.cfg", neighbour.as_bytes())]);
        check(name, folder.path())
            .with_exit(&[0, 1, 3])
            .says("2 devices");
    }
}

/// What is too large is refused unread.
#[test]
fn hostile_sizes() {
    let large = TempDir::new().expect("a folder for the test");
    let file = File::create(large.path().join("a.cfg")).expect("a file can be made");
    file.set_len(100 << 20)
        .expect("a file of any size can be made");
    check("100 MB configuration", large.path()).fails("snapshot-file-too-large");

    let long = folder(&[("a.cfg", &repeated("hostname a\n", "\n", 2_000_001))]);
    check("too many lines", long.path()).fails("snapshot-too-many-lines");

    let region = TempDir::new().expect("a folder for the test");
    let file = File::create(region.path().join("region.yaml")).expect("a file can be made");
    file.set_len(60 << 20)
        .expect("a file of any size can be made");
    check("60 MB region file", region.path()).fails("region-unreadable");

    let many = TempDir::new().expect("a folder for the test");
    let count = if full() { 50_001 } else { 2_000 };
    for number in 0..count {
        File::create(many.path().join(format!("{number}.dat"))).expect("a file can be made");
    }
    let ended = check("many files", many.path());
    ended.fails(if full() {
        "snapshot-too-many-files"
    } else {
        "snapshot-empty"
    });
}

/// Lists as long as nobody keeps them.
#[test]
fn hostile_lists() {
    // A million lines at random are more text than a file may have.
    let (equal, random) = if full() {
        (1_000_000, 600_000)
    } else {
        (50_000, 50_000)
    };
    let neighbour = router(2, 1) + "ip access-list extended A\n permit ip any any\n";
    for (name, count, line) in [
        (
            "access list of equal hosts",
            equal,
            access_line as fn(u32) -> String,
        ),
        ("access list at random", random, random_access_line),
    ] {
        let mut text = router(1, 2) + "ip access-list extended A\n";
        text.extend((0..count).map(line));
        let folder = folder(&[("a.cfg", text.as_bytes()), ("b.cfg", neighbour.as_bytes())]);
        check(&format!("{name}, {count} lines"), folder.path())
            .with_exit(&[0, 1, 3])
            .says("2 devices");
    }

    let count = if full() { 100_000 } else { 10_000 };
    let mut rules = String::from("*filter\n:FORWARD DROP [0:0]\n");
    rules.extend((0..count).map(|number| {
        let source = address(number);
        format!(
            "-A FORWARD -s {source}/32 -p tcp -m tcp --dport {} -j ACCEPT\n",
            number % 60_000
        )
    }));
    rules.push_str("COMMIT\n");
    let hosts = folder(&[
        ("hosts/fw.json", FIREWALL.as_bytes()),
        ("iptables/fw", rules.as_bytes()),
    ]);
    check(
        &format!("rule set of iptables, {count} rules"),
        hosts.path(),
    )
    .with_exit(&[0, 1, 3])
    .says("1 device");

    let mut routes = router(1, 2);
    routes.extend((0..count).map(|number| {
        format!(
            "ip route {} 255.255.255.255 10.0.0.{}\n",
            address(number),
            2 + number % 200
        )
    }));
    let routed = folder(&[
        ("a.cfg", routes.as_bytes()),
        ("b.cfg", neighbour.as_bytes()),
    ]);
    check(&format!("{count} static routes"), routed.path())
        .with_exit(&[0, 1, 3])
        .says("2 devices");
}

/// Groups, chains, route maps and classes that lead back to themselves.
#[test]
fn hostile_circles() {
    let folder = folder(&[
        ("ios.cfg", IOS_CIRCLES.as_bytes()),
        ("fortios.conf", FORTIOS_CIRCLES.as_bytes()),
        ("iptables.rules", IPTABLES_CIRCLES.as_bytes()),
        ("nft.nft", NFT_CIRCLES.as_bytes()),
    ]);
    every_command("circles", folder.path());
    check("circles", folder.path())
        .with_exit(&[1, 3])
        .says("4 devices");
    // Each chain calls the next twice: 2^60 ways through, no circle.
    let mut doubling = String::from("*filter\n:FORWARD ACCEPT\n");
    doubling.extend((0..60).map(|number| format!(":c{number} -\n")));
    doubling.push_str("-A FORWARD -j c0\n");
    doubling.extend((0..59).map(|from| {
        let to = from + 1;
        format!("-A c{from} -j c{to}\n-A c{from} -j c{to}\n")
    }));
    doubling.push_str("-A c59 -s 10.1.1.1 -j DROP\nCOMMIT\n");
    let mut groups = String::from(
        "#config-version=FGT60E-7.0.1\nconfig firewall address\nedit \"G0\"\nset subnet 10.1.1.1 255.255.255.255\nnext\nend\nconfig firewall addrgrp\n",
    );
    groups.extend((1..60).map(|to| {
        let (one, other) = (to - 1, u32::max(to, 2) - 2);
        format!("edit \"G{to}\"\nset member \"G{one}\" \"G{other}\"\nnext\n")
    }));
    groups.push_str("end\nconfig firewall policy\nedit 1\nset srcaddr \"G59\"\nset dstaddr \"G59\"\nset srcintf \"any\"\nset dstintf \"any\"\nset service \"ALL\"\nset action accept\nnext\nend\n");
    let bombs = self::folder(&[
        ("hosts/fw.json", FIREWALL.as_bytes()),
        ("iptables/fw", doubling.as_bytes()),
        ("configs/groups.conf", groups.as_bytes()),
    ]);
    every_command("doubling", bombs.path());
}

/// Brackets, sections and indentation without end.
#[test]
fn hostile_nesting() {
    let depth = if full() { 1_000_000 } else { 100_000 };
    let indented: String = (0..5_000)
        .map(|depth| format!("{}interface Gi0/{depth}\n", " ".repeat(depth)))
        .collect();
    let folder = folder(&[
        ("ios.cfg", indented.as_bytes()),
        (
            "fortios.conf",
            &repeated(
                "#config-version=FGT60E-7.0.1\n",
                "config firewall policy\nedit 1\n",
                depth,
            ),
        ),
        ("brackets.nft", &repeated("table ip t {\n", "{\n", depth)),
        (
            "sets.nft",
            &repeated("table ip t {\nchain c {\n", "ip saddr { ", depth),
        ),
    ]);
    every_command("nesting", folder.path());
    let brackets = repeated("{\"hostname\": \"a\", \"hostInterfaces\": ", "[", depth);
    let host = self::folder(&[("hosts/a.json", &brackets)]);
    check("nesting of a host file", host.path()).with_exit(&[1, 3]);
    let cabling = self::folder(&[
        ("a.cfg", router(1, 2).as_bytes()),
        (
            "layer1_topology.json",
            &repeated("{\"edges\": ", "[", depth),
        ),
    ]);
    check("nesting of a cabling plan", cabling.path()).fails("snapshot-cabling-invalid");
    let region = self::folder(&[("region.yaml", &repeated("name: ", "[", depth))]);
    check("nesting of a region", region.path()).fails("region-unreadable");
}

/// Aliases that multiply are refused.
#[test]
fn hostile_aliases() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let uses = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{uses}]").expect("a string takes any text");
    }
    let folder = folder(&[("region.yaml", text.as_bytes())]);
    let refused = check("alias bomb", folder.path());
    refused.fails("region-unreadable");
    assert!(
        refused.stderr.contains("region.yaml:1:9"),
        "{}",
        refused.stderr
    );
}

/// Folders that cannot be read say so: nothing in them, not there, circles of
/// links, pipes, devices, files nobody may read.
#[test]
fn hostile_folders() {
    let empty = TempDir::new().expect("a folder for the test");
    check("no files", empty.path()).fails("snapshot-empty");
    check("no folder", &empty.path().join("missing")).fails("snapshot-unreadable");

    let link = |to: &Path| {
        let folder = folder(&[("a.cfg", router(1, 2).as_bytes())]);
        symlink(to, folder.path().join("b.cfg")).expect("a link can be made");
        folder
    };
    let circle = link(Path::new("b.cfg"));
    check("link to itself", circle.path()).fails("snapshot-unreadable");
    check("link to nothing", link(Path::new("nothing")).path()).fails("snapshot-unreadable");
    check("endless device", link(Path::new("/dev/zero")).path()).fails("snapshot-unreadable");
    let upwards = link(Path::new(".."));
    check("link to the folder above", upwards.path())
        .with_exit(&[0, 1, 3])
        .says("1 device");

    let pipe = folder(&[("a.cfg", router(1, 2).as_bytes())]);
    let made = std::process::Command::new("mkfifo")
        .arg(pipe.path().join("b.cfg"))
        .status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "a pipe can be made"
    );
    check("pipe", pipe.path()).fails("snapshot-unreadable");

    let closed = folder(&[("a.cfg", router(1, 2).as_bytes())]);
    let path = closed.path().join("a.cfg");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("our own file");
    let ended = check("unreadable file", closed.path());
    if File::open(&path).is_err() {
        ended.fails("snapshot-unreadable");
    } else {
        // Whoever may read everything reads this too.
        ended.with_exit(&[0, 1, 3]);
    }
}

/// Other encodings and line ends are read, or said not to be.
#[test]
fn hostile_encodings() {
    let plain = router(1, 2) + "ip access-list extended A\n permit ip any any\n";
    let shown = |name: &str, bytes: &[u8]| {
        let folder = folder(&[("configs/a.cfg", bytes)]);
        let ended = run(name, &[OsStr::new("coverage"), folder.path().as_os_str()]);
        ended.with_exit(&[0, 1, 3]);
        let routes = run(name, &[OsStr::new("routes"), folder.path().as_os_str()]);
        let name = folder.path().to_string_lossy().into_owned();
        (ended.stdout + &routes.stdout).replace(&name, "FOLDER")
    };
    let expected = shown("plain", plain.as_bytes());
    let windows = plain.replace('\n', "\r\n");
    assert_eq!(shown("CRLF", windows.as_bytes()), expected);
    assert_eq!(
        shown("byte order mark", format!("\u{feff}{plain}").as_bytes()),
        expected
    );

    let mut latin = plain.clone().into_bytes();
    latin.extend(b"banner motd #caf\xe9#\n");
    let folder = folder(&[("a.cfg", &latin)]);
    run(
        "ISO 8859-1",
        &[
            OsStr::new("check"),
            OsStr::new("--all"),
            folder.path().as_os_str(),
        ],
    )
    .with_exit(&[0, 1, 3])
    .says("not in UTF-8");
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let folder = self::folder(&[("a.cfg", &wide)]);
    check("UTF-16", folder.path()).with_exit(&[1, 3]);
}

/// Runs `seen check` on a folder.
fn check(name: &str, folder: &Path) -> Ended {
    run(name, &[OsStr::new("check"), folder.as_os_str()])
}

/// Runs each subcommand that takes a folder alone; all end as the design says.
fn every_command(name: &str, folder: &Path) {
    let out = TempDir::new().expect("a folder for the test");
    let out = out.path().join("out");
    for command in ["check", "coverage", "routes", "graph", "journeys"] {
        let name = format!("{command}: {name}");
        run(&name, &[OsStr::new(command), folder.as_os_str()]).with_exit(&[0, 1, 2, 3, 4]);
    }
    let (sanitise, out) = (OsStr::new("sanitise"), out.as_os_str());
    let name = format!("sanitise: {name}");
    let into = OsStr::new("--output");
    run(&name, &[sanitise, folder.as_os_str(), into, out]).with_exit(&[0, 4]);
}

/// Whether the full sizes are asked for.
fn full() -> bool {
    std::env::var_os("SEEN_FULL").is_some()
}

/// The names in a folder, sorted; none where there is no folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| {
            entry
                .expect("the project's folders are readable")
                .file_name()
        })
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// Writes a folder of these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().expect("a folder for the test");
    for (path, bytes) in files {
        let path: PathBuf = folder.path().join(path);
        let parent = path.parent().expect("a file stands in a folder");
        fs::create_dir_all(parent).expect("a folder can be made");
        let mut file = File::create(path).expect("a file can be made");
        file.write_all(bytes).expect("a file can be written");
    }
    folder
}

/// A text that begins once and goes on `count` times.
fn repeated(start: &str, part: &str, count: usize) -> Vec<u8> {
    (start.to_owned() + &part.repeat(count)).into_bytes()
}

/// The next of numbers that look random (splitmix64).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut number = *state;
    number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

fn random_bytes(count: usize) -> Vec<u8> {
    let mut state = 1;
    let numbers = std::iter::repeat_with(|| random(&mut state));
    numbers.flat_map(u64::to_le_bytes).take(count).collect()
}

/// One of 2^24 addresses.
fn address(number: u32) -> String {
    let [_, b, c, d] = number.to_be_bytes();
    format!("20.{b}.{c}.{d}")
}

fn access_line(number: u32) -> String {
    format!(" permit tcp host {} any eq 443\n", address(number))
}

fn random_access_line(number: u32) -> String {
    let mut state = u64::from(number) << 8;
    let mut either = |one, other| {
        if random(&mut state).is_multiple_of(2) {
            one
        } else {
            other
        }
    };
    let (action, protocol) = (either("permit", "deny"), either("tcp", "udp"));
    let mut prefix = || {
        let host = u32::MAX >> (8 + random(&mut state) % 24);
        let [a, b, c, d] = ((random(&mut state) >> 32) as u32 & !host).to_be_bytes();
        let [e, f, g, h] = host.to_be_bytes();
        format!("{a}.{b}.{c}.{d} {e}.{f}.{g}.{h}")
    };
    let (source, destination) = (prefix(), prefix());
    let (one, other) = (random(&mut state) % 65_536, random(&mut state) % 65_536);
    let (first, last) = (one.min(other), one.max(other));
    format!(" {action} {protocol} {source} {destination} range {first} {last}\n")
}

/// A router with an office behind it and a filter before it.
fn router(number: u8, neighbour: u8) -> String {
    format!(
        "hostname r{number}
interface GigabitEthernet0/0
 ip address 10.0.0.{number} 255.255.255.0
 ip access-group A in
interface GigabitEthernet0/1
 ip address 10.{number}.0.1 255.255.0.0
ip route 0.0.0.0 0.0.0.0 10.0.0.{neighbour}
"
    )
}

const FIREWALL: &str = r#"{
  "hostname": "fw",
  "iptablesFile": "iptables/fw",
  "forwarding": true,
  "hostInterfaces": {
    "eth0": {"name": "eth0", "prefix": "10.0.0.1/24"},
    "eth1": {"name": "eth1", "prefix": "10.1.0.1/16"}
  }
}"#;

const IOS_CIRCLES: &str = "\
hostname ios
object-group network X
 group-object Y
object-group network Y
 group-object X
object-group service S
 group-object S
ip access-list extended A
 permit tcp object-group X any
 permit object-group S any any
class-map type inspect match-any C
 match class-map C
policy-map type inspect P
 class type inspect C
  inspect
zone security I
zone security O
zone-pair security Z source I destination O
 service-policy type inspect P
interface GigabitEthernet0/0
 ip address 10.0.0.1 255.255.255.0
 ip access-group A in
 zone-member security I
interface GigabitEthernet0/1
 ip address 10.1.0.1 255.255.0.0
 zone-member security O
route-map R permit 10
 continue 10
router ospf 1
 redistribute ospf 1
 network 10.0.0.0 0.0.0.255 area 0
 distribute-list route-map R in
router bgp 65001
 neighbor 10.0.0.2 remote-as 65002
 neighbor 10.0.0.2 route-map R in
 redistribute bgp 65001
ip route 10.9.0.0 255.255.0.0 10.9.0.1
ip route 10.8.0.0 255.255.0.0 10.7.0.1
ip route 10.7.0.0 255.255.0.0 10.8.0.1
";

const FORTIOS_CIRCLES: &str = "\
#config-version=FGT60E-7.0.1
config system interface
edit port1
set ip 10.0.0.2 255.255.255.0
next
edit port2
set ip 10.2.0.1 255.255.0.0
next
edit loop
set type vlan
set interface loop
set vlanid 3
next
end
config system zone
edit Z
set interface Z
next
end
config firewall addrgrp
edit A
set member B
next
edit B
set member A
next
end
config firewall service group
edit S
set member S
next
end
config firewall vipgrp
edit V
set member V
next
end
config firewall policy
edit 1
set srcintf port1
set dstintf port2
set srcaddr A
set dstaddr B V
set service S
set action accept
next
end
";

const IPTABLES_CIRCLES: &str = "\
*filter
:FORWARD ACCEPT [0:0]
:a - [0:0]
:b - [0:0]
-A FORWARD -j a
-A a -j b
-A b -g a
COMMIT
";

const NFT_CIRCLES: &str = "\
define x = $y
define y = $x
table ip t {
  set s { elements = { @s } }
  chain a {
    type filter hook forward priority 0; policy drop;
    ip saddr $x accept
    ip saddr @s jump b
  }
  chain b { jump c }
  chain c { goto b }
}
";
