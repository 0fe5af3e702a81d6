//! What does not bear on where packets go: the checked-in list, each class
//! with its reason.
//!
//! A pattern is the first words of a command, with or without `no` before
//! them; `*` stands for any one word. Blocks go with the line that opens them.
//! A class says why no line of it can change whether a packet of a user, of
//! any protocol, is forwarded, and where.

mod global;
mod interface;
mod protocols;

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// Under no other line.
    Global,
    /// In an interface.
    Interface,
    /// In `router ospf`.
    Ospf,
    /// In `router bgp` or an address family of it.
    Bgp,
    /// In `neighbor X` of BGP, or in a session or policy template.
    BgpPeer,
}

/// A class of harmless lines.
#[derive(Debug)]
pub(super) struct Class {
    /// What it is about.
    pub(super) name: &'static str,
    /// Why it does not bear on packets.
    pub(super) reason: &'static str,
    context: Context,
    patterns: &'static [&'static str],
}

/// Returns the class that a line belongs to, where it does.
pub(super) fn class(context: Context, words: &[&str]) -> Option<&'static Class> {
    let words = match words {
        ["no" | "default", rest @ ..] => rest,
        _ => words,
    };
    classes()
        .filter(|class| class.context == context)
        .find(|class| class.patterns.iter().any(|pattern| matches(pattern, words)))
}

fn matches(pattern: &str, words: &[&str]) -> bool {
    let first = words.first().copied().unwrap_or_default();
    if !pattern.starts_with(first) {
        return false;
    }
    let mut words = words.iter();
    pattern.split_ascii_whitespace().all(|expected| {
        words
            .next()
            .is_some_and(|word| expected == "*" || expected == *word)
    })
}

/// Every class. A line that the reading knows better never gets here.
pub(super) fn classes() -> impl Iterator<Item = &'static Class> {
    [global::CLASSES, interface::CLASSES, protocols::CLASSES]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every class says why it is harmless.
    #[test]
    fn every_class_has_its_reason() {
        for class in classes() {
            assert!(class.reason.split(' ').count() > 4, "{}", class.name);
            assert!(!class.patterns.is_empty(), "{}", class.name);
        }
    }

    /// A pattern is the first words; `no` before them does not count.
    #[test]
    fn patterns_are_first_words() {
        let found =
            |text: &str| class(Context::Global, &super::super::words::split(text)).is_some();
        assert!(found("ip http server"));
        assert!(found("no ip http server"));
        assert!(!found("ip"));
        assert!(!found("ip route 0.0.0.0 0.0.0.0 1.1.1.1"));
    }
}
