//! Lists of lines: the first that matches decides.

use crate::support::*;
use packets::*;
use proptest::prelude::*;

/// A line: conditions, sometimes also a set that is no conjunction, and an action.
pub(crate) type RawLine = (RawFields, Option<Expression>, Action);

pub(crate) fn raw_lines() -> impl Strategy<Value = Vec<RawLine>> {
    prop::collection::vec(
        (
            raw_fields(),
            prop::option::weighted(0.2, expression()),
            action(),
        ),
        0..12,
    )
}

pub(crate) fn build<S: PacketSets>(lines: &[RawLine], sets: &mut S) -> Vec<Line<S::Key, S::Set>> {
    let of = |(fields, within, action): &RawLine| Line {
        when: Match {
            fields: fields.build(),
            within: within.as_ref().map(|within| within.build(sets)),
        },
        action: *action,
    };
    lines.iter().map(of).collect()
}

fn scan<A: Address>(lines: &[RawLine], packet: &Packet) -> Option<usize> {
    lines.iter().position(|(fields, within, _)| {
        fields.holds::<A>(packet)
            && within
                .as_ref()
                .is_none_or(|within| within.holds::<A>(packet))
    })
}

fn check_verdicts<A: Address>(raw: &[RawLine], seeds: &[RawPacket]) {
    let mut sets = Diagram::<A>::new();
    let lines = build(raw, &mut sets);
    let list = sets.first_match(&lines).unwrap();
    let parts = [list.permit, list.deny, list.unknown];
    assert_eq!(sets.any(&parts).unwrap(), sets.full());
    for (place, part) in parts.iter().enumerate() {
        for other in parts.iter().skip(place + 1) {
            assert_eq!(sets.and(*part, *other).unwrap(), sets.empty());
        }
    }
    let mut probes: Vec<Packet> = seeds.iter().map(packet::<A>).collect();
    probes.extend(packets_at_edges(&sets, list.permit, seeds));
    for probe in &probes {
        let action = scan::<A>(raw, probe).map_or(Action::Deny, |line| raw[line].2);
        for (set, of) in parts
            .iter()
            .zip([Action::Permit, Action::Deny, Action::Unknown])
        {
            assert_eq!(
                sets.contains(*set, probe).unwrap(),
                action == of,
                "{probe:?}"
            );
        }
    }
}

fn check_decisions<A: Address>(raw: &[RawLine], seeds: &[RawPacket]) {
    let mut sets = Diagram::<A>::new();
    let lines = build(raw, &mut sets);
    let numbered = lines.iter().map(|line| &line.when).zip(0..);
    let decisions = Decisions::of(&mut sets, numbered, Limits::default()).unwrap();
    // What each line decides, computed by subtraction.
    let mut rest = sets.full();
    let mut deciding = Vec::new();
    let partition = decisions.partition(&mut sets).unwrap();
    for (number, line) in (0_u32..).zip(&lines) {
        let fields = sets.fields(&line.when.fields).unwrap();
        let within = line.when.within.unwrap_or(sets.full());
        let matched = sets.and(fields, within).unwrap();
        let decided = sets.and(rest, matched).unwrap();
        if decided == sets.empty() {
            assert!(!partition.contains_key(&number));
            // The lines before it that take its packets away are the ones named.
            let named = decisions.deciding_within(&sets, matched).unwrap();
            assert!(named.iter().all(|shadow| *shadow < number));
            let shadows: Vec<Set> = named.iter().map(|shadow| partition[shadow]).collect();
            let shadow = sets.any(&shadows).unwrap();
            assert!(sets.subset(matched, shadow).unwrap());
            for one in shadows {
                assert_ne!(sets.and(one, matched).unwrap(), sets.empty());
            }
        } else {
            deciding.push(number);
            assert_eq!(partition[&number], decided);
            let alone = decisions
                .decided_by(&mut sets, |label| label == number)
                .unwrap();
            assert_eq!(alone, decided);
        }
        rest = sets.difference(rest, matched).unwrap();
    }
    assert_eq!(decisions.deciding(), deciding);
    assert_eq!(decisions.undecided(&mut sets).unwrap(), rest);
    for probe in seeds.iter().map(packet::<A>) {
        let line = scan::<A>(raw, &probe).map(|line| u32::try_from(line).unwrap());
        assert_eq!(decisions.label_of(&probe), line);
    }
}

fn check_revisions<A: Address>(raw: &[RawLine], changes: &[(usize, Vec<RawLine>)]) {
    let mut sets = Diagram::<A>::new();
    let lines = build(raw, &mut sets);
    let mut list = Revisions::of(&mut sets, &lines, Limits::default()).unwrap();
    let mut places: Vec<Vec<Line<A, Set>>> = lines.into_iter().map(|line| vec![line]).collect();
    for (place, change) in changes {
        let change = build(change, &mut sets);
        list.replace(&mut sets, *place, &change).unwrap();
        if let Some(known) = places.get_mut(*place) {
            *known = change;
        }
        let anew = sets.first_match(&places.concat()).unwrap();
        assert_eq!(list.verdicts(&mut sets).unwrap(), anew);
    }
}

/// In little memory, garbage is collected while compiling; then either the list
/// still does not fit, or it is the same list.
fn check_little_memory<A: Address>(raw: &[RawLine], segments: usize) {
    let mut roomy = Diagram::<A>::new();
    let lines = build(raw, &mut roomy);
    let expected = roomy.first_match(&lines).unwrap();
    let mut sets = Diagram::<A>::with_limits(Limits {
        nodes: 1 << 20,
        segments,
    });
    let lines: Vec<Line<A, Set>> = lines
        .into_iter()
        .map(|line| Line {
            when: line.when.fields.into(),
            action: line.action,
        })
        .collect();
    match sets.first_match(&lines) {
        // A copy of what is there already needs no room.
        Ok(list) => assert_eq!(sets.import(&roomy, expected.permit), Ok(list.permit)),
        Err(error) => assert!(matches!(error, SetError::Exhausted { .. })),
    }
    let numbered = lines.iter().map(|line| &line.when).zip(0..);
    let mut roomy = Diagram::<A>::new();
    let limits = Limits {
        nodes: 1 << 20,
        segments,
    };
    if let Ok(decisions) = Decisions::of(&mut roomy, numbered.clone(), limits) {
        let expected = Decisions::of(&mut roomy, numbered, Limits::default()).unwrap();
        assert_eq!(
            decisions.partition(&mut roomy).unwrap(),
            expected.partition(&mut roomy).unwrap()
        );
    }
}

proptest! {
    #[test]
    fn little_memory_changes_nothing(
        lines in prop::collection::vec((raw_fields(), Just(None), action()), 20..60),
        segments in 500..20_000_usize,
    ) {
        both_families!(check_little_memory(&lines, segments));
    }

    #[test]
    fn verdicts_agree_with_a_scan(lines in raw_lines(), seeds in raw_packets()) {
        both_families!(check_verdicts(&lines, &seeds));
    }

    #[test]
    fn decisions_agree_with_subtraction(lines in raw_lines(), seeds in raw_packets()) {
        both_families!(check_decisions(&lines, &seeds));
    }

    #[test]
    fn revised_lists_equal_lists_compiled_anew(
        lines in raw_lines(),
        changes in prop::collection::vec(
            (0..12_usize, prop::collection::vec((raw_fields(), Just(None), action()), 0..3)), 1..8)
    ) {
        both_families!(check_revisions(&lines, &changes));
    }
}
