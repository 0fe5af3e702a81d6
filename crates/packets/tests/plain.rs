//! Two representations that share no algorithm must hold identical sets.

use crate::lists::{self, RawLine, raw_lines};
use crate::rewrites::{self, RawChange, change};
use crate::support::*;
use packets::bdd::{Bdd, BddSet};
use packets::*;
use proptest::prelude::*;

/// Every operation of the trait, done twice.
struct Pair<A> {
    diagram: Diagram<A>,
    plain: Bdd<A>,
}

impl<A: Address> Pair<A> {
    fn new() -> Self {
        Self {
            diagram: Diagram::new(),
            plain: Bdd::default(),
        }
    }

    /// Says that a set of the one is the set of the other, by writing it as boxes.
    fn check(&mut self, set: Set, expected: BddSet) {
        let boxes = self.diagram.boxes(set, 3_000).unwrap();
        if !boxes.complete {
            return;
        }
        let mut parts = Vec::new();
        for part in boxes.boxes {
            let fields = part.iter().fold(Fields::any(), |fields, (field, values)| {
                fields.with(*field, values)
            });
            parts.push(self.plain.fields(&fields).unwrap());
        }
        assert_eq!(self.plain.any(&parts).unwrap(), expected);
    }
}

fn check_plain<A: Address>(
    a: &Expression,
    b: &Expression,
    changes: &[(Field, RawChange)],
    field: Field,
) {
    let mut pair = Pair::<A>::new();
    let sets = (a.build(&mut pair.diagram), a.build(&mut pair.plain));
    let others = (b.build(&mut pair.diagram), b.build(&mut pair.plain));
    pair.check(sets.0, sets.1);
    let both = (
        pair.diagram.xor(sets.0, others.0).unwrap(),
        pair.plain.xor(sets.1, others.1).unwrap(),
    );
    pair.check(both.0, both.1);
    let any = (
        pair.diagram.exists(sets.0, field).unwrap(),
        pair.plain.exists(sets.1, field).unwrap(),
    );
    pair.check(any.0, any.1);
    let rewrite = rewrites::build::<A>(changes);
    let before = (
        pair.diagram.pre_image_any(&rewrite, sets.0).unwrap(),
        pair.plain.pre_image_any(&rewrite, sets.1).unwrap(),
    );
    pair.check(before.0, before.1);
    let every = (
        pair.diagram.pre_image_all(&rewrite, sets.0).unwrap(),
        pair.plain.pre_image_all(&rewrite, sets.1).unwrap(),
    );
    pair.check(every.0, every.1);
    let after = (
        pair.diagram.image(&rewrite, sets.0).unwrap(),
        pair.plain.image(&rewrite, sets.1).unwrap(),
    );
    pair.check(after.0, after.1);
    let swapped = (
        pair.diagram.swap(sets.0).unwrap(),
        pair.plain.swap(sets.1).unwrap(),
    );
    pair.check(swapped.0, swapped.1);
    let replies = (
        pair.diagram.replies(sets.0).unwrap(),
        pair.plain.replies(sets.1).unwrap(),
    );
    pair.check(replies.0, replies.1);
    let requests = (
        pair.diagram.requests(sets.0).unwrap(),
        pair.plain.requests(sets.1).unwrap(),
    );
    pair.check(requests.0, requests.1);
}

fn check_plain_lists<A: Address>(lines: &[RawLine], wish: &RawPacket) {
    let mut pair = Pair::<A>::new();
    let built = lists::build(lines, &mut pair.diagram);
    let list = pair.diagram.first_match(&built).unwrap();
    let built = lists::build(lines, &mut pair.plain);
    let plain = pair.plain.first_match(&built).unwrap();
    pair.check(list.permit, plain.permit);
    pair.check(list.unknown, plain.unknown);
    pair.check(list.deny, plain.deny);
    let wish = packet::<A>(wish);
    let here = pair.diagram.witness(list.permit, &wish).unwrap();
    let there = pair.plain.witness(plain.permit, &wish).unwrap();
    assert_eq!(here.is_some(), there.is_some());
    for packet in here.into_iter().chain(there) {
        assert_eq!(pair.plain.contains(plain.permit, &packet), Ok(true));
        assert_eq!(pair.diagram.contains(list.permit, &packet), Ok(true));
    }
}

proptest! {
    // The binary diagram is slow; `PROPTEST_CASES` still scales this.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.div_ceil(4)))]

    #[test]
    fn operations_make_identical_sets(
        a in expression(),
        b in expression(),
        changes in prop::collection::vec(change(), 0..3),
        field in field(),
    ) {
        both_families!(check_plain(&a, &b, &changes, field));
    }

    #[test]
    fn lists_make_identical_sets(
        lines in raw_lines(), wish in prop::array::uniform15(0..16_u8)
    ) {
        both_families!(check_plain_lists(&lines, &wish));
    }
}

/// The plain diagram refuses released handles and growth beyond its limit, too.
#[test]
fn the_plain_diagram_keeps_the_promises() {
    let mut sets = Bdd::<u32>::with_limit(60);
    let mark = sets.mark();
    let old = sets.field(Field::Protocol, &Intervals::one(6)).unwrap();
    sets.release_to(mark).unwrap();
    let new = sets.field(Field::Protocol, &Intervals::one(17)).unwrap();
    assert_eq!(sets.and(old, new), Err(SetError::Released));
    let wide = Fields::any()
        .with(Field::Source, &Intervals::one(1))
        .with(Field::Destination, &Intervals::one(2));
    assert!(matches!(
        sets.fields(&wide),
        Err(SetError::Exhausted { .. })
    ));
}
