use crate::support::{copy, data, folder, load};
use journeys::World;
use journeys::inferred::{alone, matrix, pairs, segments};
use journeys::verdict::LegKind;
use std::path::Path;

/// One proof for all pairs says of each what asking about it alone does.
#[test]
fn networks_that_remember_nothing() {
    if let Some(folder) = data("batfish-example/live") {
        let counts = check(&folder, 1, 1);
        assert_eq!(counts.together, counts.pairs);
    }
    if let Some(folder) = data("stanford") {
        // Some segments with packets and lines; of all some pairs, without them.
        check(&folder, 10, 1);
        let counts = check(&folder, 1, 211);
        assert!(counts.together * 100 > counts.pairs * 98);
    }
}

/// Segments that share addresses are proved a receiver at a time, the others at once.
#[test]
fn shared_addresses() {
    let one = "hostname one
interface Ethernet0
 ip address 192.168.0.1 255.255.255.0
interface Ethernet1
 ip address 10.0.0.1 255.255.255.0
interface Ethernet2
 ip address 10.1.0.1 255.255.255.0
 ip address 10.1.1.1 255.255.255.0 secondary
 ip access-group 101 in
ip route 10.0.0.128 255.255.255.128 192.168.0.2
ip route 10.2.0.0 255.255.0.0 192.168.0.2
access-list 101 permit tcp any any range 1 100
access-list 101 permit icmp any any
";
    let other = "hostname other
interface Ethernet0
 ip address 192.168.0.2 255.255.255.0
interface Ethernet1
 ip address 10.0.0.129 255.255.255.128
interface Ethernet2
 ip address 10.2.0.1 255.255.255.0
ip route 10.0.0.0 255.255.255.0 192.168.0.1
ip route 10.1.0.0 255.255.0.0 192.168.0.1
";
    let folder = folder(&[("configs/one.cfg", one), ("configs/other.cfg", other)]);
    let counts = check(folder.path(), 1, 1);
    // Of five segments three share no address.
    assert_eq!((counts.pairs, counts.together), (20, 6));
}

/// The same where devices remember and translate, a receiver at a time.
#[test]
fn networks_with_firewalls() {
    let networks = "/../../examples/south-east/networks";
    let networks = format!("{}{networks}", env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    for network in std::fs::read_dir(networks).unwrap() {
        copy(&network.unwrap().path(), folder.path());
    }
    std::fs::remove_file(folder.path().join("network.yaml")).unwrap();
    let counts = check(folder.path(), 1, 1);
    assert_eq!(counts.together, 0);
}

/// How many pairs there are.
struct Counts {
    pairs: usize,
    /// Proved all at once.
    together: usize,
}

/// Compares one in so many pairs of one in so many segments.
#[expect(
    clippy::print_stdout,
    reason = "what was compared is part of the result"
)]
fn check(folder: &Path, segments_in: usize, pairs_in: usize) -> Counts {
    let snapshot = load(folder);
    let routing = snapshot.routing();
    let world = World {
        sources: &snapshot.sources,
        network: &snapshot.network,
        routing: &routing,
        memberships: &[],
        assumed: &[],
        region: None,
    };
    let segments: Vec<_> = segments(&world).into_iter().step_by(segments_in).collect();
    let all = matrix(&world, &segments);
    let sample: Vec<(usize, usize)> = all
        .pairs()
        .step_by(pairs_in)
        .map(|(from, to, _)| (from, to))
        .collect();
    let asked = alone(&world, &segments, &sample);
    assert_eq!(asked.len(), sample.len());
    for pair in &asked {
        let leg = |kind| pair.verdict.leg(kind).unwrap().asked;
        let legs = (leg(LegKind::Reach), leg(LegKind::Return));
        let (one, other) = (&segments[pair.from].name, &segments[pair.to].name);
        assert_eq!(all.legs(pair.from, pair.to), Some(legs), "{one} to {other}");
    }
    let counts = Counts {
        pairs: all.pairs().count(),
        together: all.together(),
    };
    if pairs_in == 1 {
        let told = pairs(&world, &segments);
        assert_eq!(told.len(), asked.len());
        for (one, other) in told.iter().zip(&asked) {
            assert_eq!(one, other);
        }
        let total = |of: fn(&journeys::judge::Verdict) -> f64| -> f64 {
            asked.iter().map(|pair| of(&pair.verdict)).sum()
        };
        let same = |one: f64, other: f64| (one - other).abs() <= other.abs() * 1e-9;
        let (headers, decided) = all.headers();
        assert!(same(headers, total(|verdict| verdict.headers)));
        assert!(same(decided, total(|verdict| verdict.decided)));
    }
    println!(
        "{}: {} of {} pairs compared, {} proved at once",
        folder.display(),
        asked.len(),
        counts.pairs,
        counts.together
    );
    counts
}
