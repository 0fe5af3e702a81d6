//! What the interpreter makes of small networks: every disposition and feature,
//! each clause of the model's documentation by its number.

/// Chains: order, jumps, marks, what is unknown.
mod chains;
/// Routes, policy routing, receivers, loops, reverse paths.
mod forwarding;
/// Fragments, and conditions on headers.
mod headers;
/// Sessions, answers, reflexive lists.
mod sessions;
/// Translation and its undoing.
mod translation;

use crate::support::build::Built;

/// Checks how a packet ends, for each way the choices fall.
#[track_caller]
fn check(built: &Built, start: &str, packet: &str, expected: &[&str]) {
    crate::reach::agrees(
        built,
        built.start(start),
        crate::support::build::packet(packet),
    );
    assert_eq!(
        built.fates(start, packet),
        expected,
        "{packet} from {start}"
    );
}

/// Checks how the answers to a packet end.
#[track_caller]
fn check_answers(built: &Built, start: &str, packet: &str, expected: &[&str]) {
    crate::reach::agrees(
        built,
        built.start(start),
        crate::support::build::packet(packet),
    );
    assert_eq!(
        built.answers(start, packet),
        expected,
        "answers to {packet} from {start}"
    );
}

/// Two routers between two segments: `a lan` 10.1.0.0/24, `b lan` 10.2.0.0/24.
fn two_routers() -> Built {
    let mut built = Built::new();
    built
        .router(
            "a",
            &[
                "lan 10.1.0.1/24 2001:db8:1::1/64",
                "wan 10.9.0.1/30 2001:db8:9::1/64",
            ],
        )
        .router(
            "b",
            &[
                "wan 10.9.0.2/30 2001:db8:9::2/64",
                "lan 10.2.0.1/24 2001:db8:2::1/64",
            ],
        )
        .link(&["a wan", "b wan"])
        .route("a", "10.2.0.0/16", &["wan 10.9.0.2"])
        .route("a", "2001:db8:2::/48", &["wan 2001:db8:9::2"])
        .route("b", "10.1.0.0/16", &["wan 10.9.0.1"])
        .route("b", "2001:db8:1::/48", &["wan 2001:db8:9::1"]);
    built
}
