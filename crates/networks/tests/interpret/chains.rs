use super::{check, two_routers};
use crate::support::build::{ACCEPT, TRACK, all, from, is, port, to, unknown};
use networks::interpret::{Disposition, Interpreter, Step};
use networks::model::{Action, CALL_DEPTH_MAX, ChainId, Condition, HookKind, InterfaceSet, Stage};
use packets::Protocol;

const WEB: &str = "tcp 10.1.0.5:1000 10.2.0.5:443";
const DELIVERED: &str = "delivered by b lan: 10.1.0.5:1000 -> 10.2.0.5:443 tcp";

/// What becomes of one packet where `b` filters what enters by these rules.
fn fate(rules: Vec<(Condition, Action)>, default: Action) -> String {
    let mut built = two_routers();
    let chain = built.chain("b", "in", rules, default);
    built.hook("b", Stage::Ingress, HookKind::Filter, chain);
    built.fates("a lan", WEB).join(", ")
}

fn maybe() -> Condition {
    Condition::Unknown(unknown("a name"))
}

#[test]
fn the_first_rule_that_holds_decides() {
    let tcp = || is(Protocol::TCP);
    let web = || all([tcp(), port(443)]);
    assert_eq!(
        fate(vec![(web(), ACCEPT), (tcp(), Action::Drop)], Action::Drop),
        DELIVERED
    );
    assert_eq!(
        fate(vec![(tcp(), Action::Drop), (web(), ACCEPT)], ACCEPT),
        "dropped at b by in.0"
    );
    assert_eq!(
        fate(vec![(port(80), ACCEPT)], Action::Drop),
        "dropped at b by in.default"
    );
    assert_eq!(fate(vec![], ACCEPT), DELIVERED);
    assert_eq!(fate(vec![], Action::Return), DELIVERED);
    assert_eq!(
        fate(vec![(tcp(), Action::Continue)], Action::Drop),
        "dropped at b by in.default"
    );
    let not = |condition| Condition::Not(Box::new(condition));
    assert_eq!(
        fate(vec![(not(from("10.1.0.0/24")), Action::Drop)], ACCEPT),
        DELIVERED
    );
    let any = Condition::Any(vec![port(80), to("10.2.0.5/32")]);
    assert_eq!(
        fate(vec![(any, Action::Drop)], ACCEPT),
        "dropped at b by in.0"
    );
    let never = Condition::Any(Vec::new());
    assert_eq!(fate(vec![(never, Action::Drop)], ACCEPT), DELIVERED);
}

#[test]
fn an_unknown_that_makes_no_difference_is_known() {
    let always = Condition::Always;
    // Unknown permit, then permit any: accepted either way.
    assert_eq!(
        fate(
            vec![(maybe(), ACCEPT), (always.clone(), ACCEPT)],
            Action::Drop
        ),
        DELIVERED
    );
    assert_eq!(
        fate(
            vec![(maybe(), Action::Drop), (always.clone(), Action::Drop)],
            ACCEPT
        ),
        "dropped at b by in.0"
    );
    assert_eq!(
        fate(vec![(maybe(), ACCEPT)], Action::Drop),
        "unknown: a name"
    );
    // Session effects are part of what is compared (C5).
    assert_eq!(
        fate(
            vec![(maybe(), TRACK), (always.clone(), ACCEPT)],
            Action::Drop
        ),
        "unknown: a name"
    );
    // A line above that decides makes what is below it irrelevant.
    assert_eq!(
        fate(
            vec![(always.clone(), ACCEPT), (maybe(), Action::Drop)],
            Action::Drop
        ),
        DELIVERED
    );
    assert_eq!(fate(vec![(maybe(), Action::Continue)], ACCEPT), DELIVERED);
    let unread = Action::Unknown(unknown("a line"));
    assert_eq!(
        fate(
            vec![(always.clone(), unread.clone()), (always, ACCEPT)],
            ACCEPT
        ),
        "unknown: a line"
    );
    assert_eq!(fate(vec![(port(80), unread)], ACCEPT), DELIVERED);
}

#[test]
fn kleene_truth() {
    let verdict = |condition| fate(vec![(condition, Action::Drop)], ACCEPT);
    let not = |condition| Condition::Not(Box::new(condition));
    let never = || Condition::Any(Vec::new());
    assert_eq!(verdict(all([maybe(), never()])), DELIVERED);
    assert_eq!(
        verdict(all([maybe(), Condition::Always])),
        "unknown: a name"
    );
    assert_eq!(
        verdict(Condition::Any(vec![maybe(), Condition::Always])),
        "dropped at b by in.0"
    );
    assert_eq!(
        verdict(Condition::Any(vec![never(), maybe()])),
        "unknown: a name"
    );
    assert_eq!(verdict(not(maybe())), "unknown: a name");
    assert_eq!(
        verdict(not(all([never(), maybe()]))),
        "dropped at b by in.0"
    );
}

/// What becomes of a packet at `b` where `in` does `action` and then accepts
/// everything, and the other chain is this.
fn with_called(
    action: impl Fn(ChainId) -> Action,
    called: Vec<(Condition, Action)>,
    called_default: Action,
) -> String {
    let mut built = two_routers();
    let called = built.chain("b", "called", called, called_default);
    let rules = vec![
        (Condition::Always, action(called)),
        (Condition::Always, ACCEPT),
    ];
    let chain = built.chain("b", "in", rules, Action::Drop);
    built.hook("b", Stage::Ingress, HookKind::Filter, chain);
    built.fates("a lan", WEB).join(", ")
}

#[test]
fn calls_come_back_and_gotos_do_not() {
    let drop_web = || vec![(port(443), Action::Drop)];
    let drop_80 = || vec![(port(80), Action::Drop)];
    let returns = || {
        vec![
            (Condition::Always, Action::Return),
            (port(443), Action::Drop),
        ]
    };
    assert_eq!(
        with_called(Action::Call, drop_web(), Action::Return),
        "dropped at b by called.0"
    );
    assert_eq!(
        with_called(Action::Call, drop_80(), Action::Return),
        DELIVERED
    );
    assert_eq!(
        with_called(Action::Call, returns(), Action::Return),
        DELIVERED
    );
    assert_eq!(
        with_called(Action::Call, drop_80(), Action::Drop),
        "dropped at b by called.default"
    );
    // A goto that comes back leads to the hook's own default (C2).
    assert_eq!(
        with_called(Action::Goto, drop_80(), Action::Return),
        "dropped at b by in.default"
    );
    assert_eq!(
        with_called(Action::Goto, returns(), Action::Drop),
        "dropped at b by in.default"
    );
    let unknown_return = || vec![(maybe(), Action::Return), (Condition::Always, ACCEPT)];
    assert_eq!(
        with_called(Action::Call, unknown_return(), Action::Drop),
        DELIVERED
    );
    assert_eq!(
        with_called(Action::Goto, unknown_return(), Action::Drop),
        "unknown: a name"
    );
}

#[test]
fn a_return_from_a_hooks_own_chain_leads_to_its_default() {
    let returns = || {
        vec![
            (Condition::Always, Action::Return),
            (Condition::Always, ACCEPT),
        ]
    };
    assert_eq!(fate(returns(), Action::Drop), "dropped at b by in.default");
    assert_eq!(fate(returns(), Action::Return), DELIVERED);
}

#[test]
fn what_does_not_belong_is_unknown() {
    let always = || Condition::Always;
    let missing = || Action::Call(ChainId(9));
    assert_eq!(
        fate(vec![(always(), missing())], ACCEPT),
        "unknown: the chain does not exist"
    );
    let itself = Action::Call(ChainId(0));
    assert_eq!(
        fate(vec![(always(), itself)], ACCEPT),
        "unknown: the chain calls itself"
    );
    assert_eq!(
        fate(vec![], Action::Continue),
        "unknown: the chain's default is no verdict"
    );
    let translate = Action::Translate(networks::model::Translation::default());
    assert_eq!(
        fate(vec![(always(), translate)], ACCEPT),
        "unknown: the action does not belong here"
    );
    let reads_itself = Condition::Accepted(ChainId(0));
    assert_eq!(fate(vec![(reads_itself, ACCEPT)], ACCEPT), DELIVERED);
    let reads_itself = Condition::Accepted(ChainId(0));
    assert_eq!(
        fate(vec![(reads_itself, Action::Drop)], ACCEPT),
        "unknown: the chain calls itself"
    );
}

#[test]
fn chains_may_be_as_deep_as_the_limit() {
    let deep = |depth: usize| {
        let mut built = two_routers();
        let mut last = built.chain(
            "b",
            "deepest",
            vec![(Condition::Always, ACCEPT)],
            Action::Drop,
        );
        for _ in 1..depth {
            let rules = vec![(Condition::Always, Action::Call(last))];
            last = built.chain("b", "calls", rules, Action::Drop);
        }
        built.hook("b", Stage::Ingress, HookKind::Filter, last);
        built.fates("a lan", WEB).join(", ")
    };
    assert_eq!(deep(CALL_DEPTH_MAX), DELIVERED);
    assert_eq!(
        deep(CALL_DEPTH_MAX + 1),
        "unknown: chains call each other too deep"
    );
}

#[test]
fn a_chain_doubling_at_every_call_ends() {
    let mut built = two_routers();
    let mut last = built.chain("b", "leaf", vec![(port(80), Action::Drop)], Action::Return);
    for _ in 0..40 {
        let call = || (Condition::Always, Action::Call(last));
        let rules = vec![call(), call()];
        last = built.chain("b", "twice", rules, Action::Return);
    }
    built.hook("b", Stage::Ingress, HookKind::Filter, last);
    // The engine needs no such limit, so the two are not compared here.
    assert_eq!(
        built.fates("a lan", WEB),
        ["unknown: too many ways through the rules"],
    );
}

#[test]
fn a_list_may_be_a_condition() {
    let verdict = |rules, default| {
        let mut built = two_routers();
        let list = built.chain("b", "list", rules, default);
        let rules = vec![(Condition::Accepted(list), Action::Drop)];
        let chain = built.chain("b", "in", rules, ACCEPT);
        built.hook("b", Stage::Ingress, HookKind::Filter, chain);
        built.fates("a lan", WEB).join(", ")
    };
    assert_eq!(
        verdict(vec![(port(443), ACCEPT)], Action::Drop),
        "dropped at b by in.0"
    );
    assert_eq!(verdict(vec![(port(443), Action::Drop)], ACCEPT), DELIVERED);
    assert_eq!(
        verdict(vec![(maybe(), ACCEPT)], Action::Drop),
        "unknown: a name"
    );
    assert_eq!(
        verdict(vec![(maybe(), ACCEPT)], ACCEPT),
        "dropped at b by in.0"
    );
    // It sees marks it sets itself, and keeps none.
    let mark = Action::SetMark { mask: 1, value: 1 };
    let marked = || Condition::Mark { mask: 1, value: 1 };
    let rules = vec![(Condition::Always, mark), (marked(), Action::Return)];
    assert_eq!(verdict(rules, Action::Drop), DELIVERED);
}

#[test]
fn marks_last_within_a_device() {
    let mark = |value| Action::SetMark { mask: 0xf0, value };
    let marked = |value| Condition::Mark { mask: 0xff, value };
    let mut built = two_routers();
    let rules = vec![
        (
            Condition::Always,
            Action::SetMark {
                mask: 0xff,
                value: 0x35,
            },
        ),
        (port(443), mark(0x1a)),
    ];
    let chain = built.chain("a", "mark", rules, ACCEPT);
    built.hook("a", Stage::Ingress, HookKind::Filter, chain);
    let out = built.chain("a", "out", vec![(marked(0x15), ACCEPT)], Action::Drop);
    built.hook("a", Stage::Egress, HookKind::Filter, out);
    check(&built, "a lan", WEB, &[DELIVERED]);
    check(
        &built,
        "a lan",
        "udp 10.1.0.5:1 10.2.0.5:2",
        &["dropped at a by out.default"],
    );
    built.filter("b", Stage::Ingress, "in", vec![(marked(0), ACCEPT)]);
    check(&built, "a lan", WEB, &[DELIVERED]);
}

#[test]
fn an_unknown_mark_is_unknown_where_the_hook_ends() {
    let mark = Action::SetMark { mask: 1, value: 1 };
    assert_eq!(
        fate(vec![(maybe(), mark.clone())], ACCEPT),
        "unknown: a name"
    );
    assert_eq!(
        fate(vec![(maybe(), mark.clone())], Action::Drop),
        "dropped at b by in.default"
    );
    assert_eq!(
        fate(
            vec![(maybe(), mark.clone()), (Condition::Always, mark)],
            ACCEPT
        ),
        DELIVERED
    );
}

#[test]
fn hooks_see_what_is_in_their_scope() {
    let mut built = two_routers();
    let lan = built.interfaces("b", &["lan"]);
    let wan = built.interfaces("b", &["wan"]);
    let drop = || vec![(Condition::Always, Action::Drop)];
    built.filter("b", Stage::Ingress, "in", drop()).scope.enters = Some(lan.clone());
    built.filter("b", Stage::Egress, "out", drop()).scope.leaves = Some(wan.clone());
    built.filter("b", Stage::Local, "local", drop());
    check(&built, "a lan", WEB, &[DELIVERED]);
    check(
        &built,
        "a lan",
        "icmp 10.1.0.5 10.9.0.2 8",
        &["dropped at b by local.0"],
    );
    check(&built, "b lan", WEB, &["dropped at b by in.0"]);
    // What the device itself sends has no interface that it entered by.
    check(
        &built,
        "b",
        "udp 10.2.0.1:1 10.2.0.5:2",
        &["delivered by b lan: 10.2.0.1:1 -> 10.2.0.5:2 udp"],
    );
    check(
        &built,
        "b",
        "udp 10.2.0.1:1 10.1.0.5:2",
        &["dropped at b by out.0"],
    );
    built.filter("b", Stage::Output, "output", drop());
    check(
        &built,
        "b",
        "udp 10.2.0.1:1 10.2.0.5:2",
        &["dropped at b by output.0"],
    );
    let conditions =
        |built: &crate::support::build::Built, wan: InterfaceSet, lan: InterfaceSet| {
            let _ = built;
            all([Condition::EntersBy(wan), Condition::LeavesBy(lan)])
        };
    let mut built = two_routers();
    let condition = conditions(&built, wan.clone(), lan.clone());
    built.filter("b", Stage::Egress, "out", vec![(condition.clone(), ACCEPT)]);
    check(&built, "a lan", WEB, &[DELIVERED]);
    // Before the decision no packet leaves by anything.
    built.filter("b", Stage::Ingress, "in", vec![(condition, ACCEPT)]);
    check(&built, "a lan", WEB, &["dropped at b by in.default"]);
}

#[test]
fn a_trace_names_the_rules_that_took_part() {
    let mut built = two_routers();
    let rules = vec![
        (port(80), Action::Drop),
        (Condition::Always, Action::SetMark { mask: 1, value: 1 }),
        (port(443), ACCEPT),
    ];
    built.filter("b", Stage::Ingress, "in", rules);
    let walk = built.walk("a lan", WEB);
    let steps = &walk.traces[0].hops[1].steps;
    let [Step::Hook(hook), Step::Decided(decision)] = steps.as_slice() else {
        panic!("{steps:?}");
    };
    let took_part: Vec<_> = hook.rules.iter().map(|rule| rule.rule).collect();
    assert_eq!(took_part, [Some(1), Some(2)]);
    assert_eq!(hook.rules[1].origin, Some(crate::support::line(102)));
    assert_eq!(decision.origins, [crate::support::line(7)]);
    assert!(walk.complete);
}

/// Beyond a filter that drops it the packet goes on, to the next one that does.
#[test]
fn filters_passed_over_show_what_lies_beyond() {
    let mut built = two_routers();
    built.filter("a", Stage::Egress, "first", vec![(port(22), ACCEPT)]);
    built.filter("b", Stage::Ingress, "second", vec![(port(22), ACCEPT)]);
    let (a, b) = (built.id("a"), built.id("b"));
    let start = built.start("a lan");
    let packet = crate::support::build::packet("tcp 10.1.0.5:1000 10.2.0.5:443");
    let interpreter = Interpreter::new(&built.network, &built.routing, &built.choices);
    for (passing, stopped_at) in [
        (&[][..], Some(a)),
        (&[(a, 0)], Some(b)),
        (&[(b, 0)], Some(a)),
        (&[(a, 0), (b, 0)], None),
    ] {
        let walk = interpreter.passing(passing).forward(start, packet);
        let dropped: Vec<_> = walk
            .traces
            .iter()
            .filter_map(|trace| match trace.disposition {
                Disposition::Dropped { device, .. } => Some(device),
                _ => None,
            })
            .collect();
        assert_eq!(dropped, Vec::from_iter(stopped_at), "past {passing:?}");
    }
}
