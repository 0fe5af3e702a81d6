//! Every operation against a judge that looks at one packet at a time.

use crate::support::*;
use packets::*;
use proptest::prelude::*;

fn check_operations<A: Address>(a: &Expression, b: &Expression, seeds: &[RawPacket]) {
    let mut sets = Diagram::<A>::new();
    let (left, right) = (a.build(&mut sets), b.build(&mut sets));
    let both = sets.and(left, right).unwrap();
    let either = sets.or(left, right).unwrap();
    let less = sets.difference(left, right).unwrap();
    let odd = sets.xor(left, right).unwrap();
    let mut probes: Vec<Packet> = seeds.iter().map(packet::<A>).collect();
    probes.extend(packets_at_edges(&sets, odd, seeds));
    for probe in &probes {
        let (in_a, in_b) = (a.holds::<A>(probe), b.holds::<A>(probe));
        let has = |set| sets.contains(set, probe).unwrap();
        assert_eq!(has(left), in_a, "{probe:?}");
        assert_eq!(has(both), in_a && in_b, "{probe:?}");
        assert_eq!(has(either), in_a || in_b, "{probe:?}");
        assert_eq!(has(less), in_a && !in_b, "{probe:?}");
        assert_eq!(has(odd), in_a != in_b, "{probe:?}");
    }
}

fn check_laws<A: Address>(a: &Expression, b: &Expression, c: &Expression) {
    let mut sets = Diagram::<A>::new();
    let [a, b, c] = [a, b, c].map(|set| set.build(&mut sets));
    let ab = sets.and(a, b).unwrap();
    let ba = sets.and(b, a).unwrap();
    assert_eq!(ab, ba, "and commutes");
    let bc = sets.and(b, c).unwrap();
    let (ab_c, a_bc) = (sets.and(ab, c).unwrap(), sets.and(a, bc).unwrap());
    assert_eq!(ab_c, a_bc, "and associates");
    let b_or_c = sets.or(b, c).unwrap();
    let distributed = sets.and(a, b_or_c).unwrap();
    let ac = sets.and(a, c).unwrap();
    let parts = sets.or(ab, ac).unwrap();
    assert_eq!(distributed, parts, "and distributes over or");
    let not_ab = sets.not(ab);
    let (not_a, not_b) = (sets.not(a), sets.not(b));
    assert_eq!(sets.or(not_a, not_b).unwrap(), not_ab, "de Morgan");
    assert_eq!(sets.not(not_a), a, "not twice");
    assert_eq!(
        sets.and(a, not_a).unwrap(),
        sets.empty(),
        "no contradiction"
    );
    assert_eq!(sets.or(a, not_a).unwrap(), sets.full(), "excluded middle");
    let absorbed = sets.or(a, ab).unwrap();
    assert_eq!(absorbed, a, "absorption");
    assert!(sets.subset(ab, a).unwrap());
    assert_eq!(sets.subset(a, b).unwrap(), ab == a);
    assert_eq!(sets.any(&[a, b, c]).unwrap(), sets.or(a, b_or_c).unwrap());
    assert_eq!(sets.all(&[a, b, c]).unwrap(), ab_c);
}

fn check_exists<A: Address>(a: &Expression, b: &Expression, field: Field) {
    let mut sets = Diagram::<A>::new();
    let (a, b) = (a.build(&mut sets), b.build(&mut sets));
    let wide = sets.exists(a, field).unwrap();
    assert!(sets.subset(a, wide).unwrap());
    assert!(!sets.depends_on(wide).unwrap().contains(&field));
    let wide_b = sets.exists(b, field).unwrap();
    let either = sets.or(a, b).unwrap();
    let wide_either = sets.exists(either, field).unwrap();
    assert_eq!(
        wide_either,
        sets.or(wide, wide_b).unwrap(),
        "exists distributes over or"
    );
    let one = sets.and(a, wide_b).unwrap();
    let one = sets.exists(one, field).unwrap();
    assert_eq!(
        one,
        sets.and(wide, wide_b).unwrap(),
        "what does not depend comes out"
    );
}

proptest! {
    #[test]
    fn operations_agree_with_packets(
        a in expression(), b in expression(), seeds in raw_packets()
    ) {
        both_families!(check_operations(&a, &b, &seeds));
    }

    #[test]
    fn laws_hold_by_handle(a in expression(), b in expression(), c in expression()) {
        both_families!(check_laws(&a, &b, &c));
    }

    #[test]
    fn exists_is_a_closure(a in expression(), b in expression(), field in field()) {
        both_families!(check_exists(&a, &b, field));
    }
}
