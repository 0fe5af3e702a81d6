//! Marks, limits, and sets that move between diagrams.

use crate::support::*;
use packets::*;
use proptest::prelude::*;

fn check_import<A: Address>(kept: &Expression, moved: &Expression) {
    let mut sets = Diagram::<A>::new();
    let mut other = Diagram::<A>::new();
    let there = kept.build(&mut other);
    let both = {
        let extra = moved.build(&mut other);
        other.xor(there, extra).unwrap()
    };
    // Something else first, so that node numbers differ.
    let here = moved.build(&mut sets);
    let copy = sets.import(&other, both).unwrap();
    let expected = kept.build(&mut sets);
    let expected = sets.xor(expected, here).unwrap();
    assert_eq!(copy, expected);
}

fn check_release<A: Address>(base: &Expression, work: &Expression, after: &Expression) {
    let mut sets = Diagram::<A>::new();
    let base_set = base.build(&mut sets);
    let mark = sets.mark();
    let nodes = sets.nodes();
    let work_set = work.build(&mut sets);
    let both = sets.and(base_set, work_set).unwrap();
    let grown = sets.nodes();
    let mut keep = [work_set, both];
    if grown == nodes {
        return;
    }
    sets.release_keeping(mark, &mut keep).unwrap();
    assert_eq!(work.build(&mut sets), keep[0]);
    assert_eq!(sets.and(base_set, keep[0]).unwrap(), keep[1]);

    sets.release_to(mark).unwrap();
    assert_eq!(sets.nodes(), nodes);
    assert_eq!(
        base.build(&mut sets),
        base_set,
        "what was before the mark stays"
    );
    // The same numbers now belong to other sets: old handles must not get through.
    let other = after.build(&mut sets);
    let mut fresh = Diagram::<A>::new();
    let expected = after.build(&mut fresh);
    assert_eq!(sets.import(&fresh, expected).unwrap(), other);
    if work.build(&mut fresh) != base.build(&mut fresh) {
        for old in keep {
            let answer = sets.and(old, base_set);
            let known = fresh_equal(&sets, old);
            assert!(known || answer == Err(SetError::Released), "{answer:?}");
        }
    }
}

/// Tells whether a handle is below the mark, and so still good.
fn fresh_equal<A: Address>(sets: &Diagram<A>, set: Set) -> bool {
    sets.size(set).is_ok()
}

proptest! {
    #[test]
    fn imported_sets_are_equal(kept in expression(), moved in expression()) {
        both_families!(check_import(&kept, &moved));
    }

    #[test]
    fn released_work_leaves_no_trace(
        base in expression(), work in expression(), after in expression()
    ) {
        both_families!(check_release(&base, &work, &after));
    }
}

fn port(sets: &mut Diagram<u32>, number: u32) -> Set {
    sets.field(Field::DestinationPort, &Intervals::one(number))
        .unwrap()
}

/// A handle whose memory now holds another set is refused by every operation.
#[test]
fn released_handles_are_refused() {
    let mut sets = Diagram::<u32>::new();
    let base = port(&mut sets, 1);
    let mark = sets.mark();
    let old = port(&mut sets, 2);
    sets.release_to(mark).unwrap();
    let new = port(&mut sets, 3);
    let probe = preferred(Family::V4);
    assert_eq!(sets.and(base, old), Err(SetError::Released));
    assert_eq!(sets.contains(old, &probe), Err(SetError::Released));
    assert_eq!(sets.exists(old, Field::Source), Err(SetError::Released));
    assert_eq!(sets.witness(old, &probe), Err(SetError::Released));
    assert_eq!(sets.count(old), Err(SetError::Released));
    assert_eq!(sets.import(&sets.clone(), old), Err(SetError::Released));
    assert!(sets.and(base, new).is_ok());
    // A mark above memory that was given back is refused as well.
    let above = sets.mark();
    sets.release_to(mark).unwrap();
    assert_eq!(sets.release_to(above), Err(SetError::Released));
}

/// Handles made before an inner mark survive the inner release.
#[test]
fn marks_nest() {
    let mut sets = Diagram::<u32>::new();
    let outer = sets.mark();
    let kept = port(&mut sets, 1);
    for round in 2..200 {
        let inner = sets.mark();
        let work = port(&mut sets, round);
        let both = sets.or(kept, work).unwrap();
        assert_ne!(both, kept);
        sets.release_to(inner).unwrap();
        assert!(sets.and(kept, kept).is_ok());
        assert_eq!(sets.or(kept, work), Err(SetError::Released));
    }
    sets.release_to(outer).unwrap();
    assert_eq!(sets.and(kept, kept), Err(SetError::Released));
}

/// At the limit an operation fails, and what was there before still works.
#[test]
fn limits_refuse_growth() {
    for limits in [
        Limits {
            nodes: 200,
            segments: 100_000,
        },
        Limits {
            nodes: 100_000,
            segments: 600,
        },
    ] {
        let mut sets = Diagram::<u32>::with_limits(limits);
        let mut union = sets.empty();
        let mut failed = None;
        for round in 0..1_000_u32 {
            let source = Intervals::one(round * 7);
            let destination = Intervals::range(round * 3, round * 11);
            let fields = Fields::any()
                .with(Field::Source, &source)
                .with(Field::Destination, &destination);
            let step = sets.fields(&fields).and_then(|set| sets.or(union, set));
            match step {
                Ok(set) => union = set,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        assert!(
            matches!(failed, Some(SetError::Exhausted { .. })),
            "{failed:?}"
        );
        let again = sets.not(union);
        assert_eq!(sets.and(union, again), Ok(sets.empty()));
        assert!(sets.nodes() <= 200 || limits.nodes > 200);
        assert!(sets.segments() <= 600 || limits.segments > 600);
    }
}

/// A list that outgrows the limit is an error, not a wrong list.
#[test]
fn lists_respect_limits() {
    let mut sets = Diagram::<u32>::with_limits(Limits {
        nodes: 50,
        segments: 500,
    });
    let line = |number: u32| {
        let fields = Fields::any()
            .with(Field::Source, &Intervals::one(number * 5))
            .with(Field::Destination, &Intervals::range(number, number * 9));
        Line::new(fields, Action::Permit)
    };
    let lines: Vec<_> = (0..200).map(line).collect();
    assert!(matches!(
        sets.first_match(&lines),
        Err(SetError::Exhausted { .. })
    ));
    let few = sets.first_match(&lines[..3]).unwrap();
    let mut roomy = Diagram::<u32>::new();
    let expected = roomy.first_match(&lines[..3]).unwrap();
    assert_eq!(sets.import(&roomy, expected.permit).unwrap(), few.permit);
}

/// Clones understand the handles of the diagram they were cloned from.
#[test]
fn clones_share_the_past() {
    let mut base = Diagram::<u32>::new();
    let shared = port(&mut base, 80);
    let mut clone = base.clone();
    let more = port(&mut clone, 81);
    let both = clone.or(shared, more).unwrap();
    assert!(clone.subset(shared, both).unwrap());
}
