//! Prefix lists, community lists, AS-path lists.

use super::super::config::{AsPathList, PrefixItem};
use super::super::words::parse;
use super::{CONTRADICTION, Outcome, Reader};
use findings::{Severity, Span};
use ipnet::IpNet;
use networks::model::{AsPathEntry, Community, CommunityEntry, CommunityMatch};

/// The distance between sequence numbers that IOS gives by itself.
const SEQUENCE_STEP: u32 = 5;

impl<'a> Reader<'_, 'a> {
    /// `ip prefix-list …` and `ipv6 prefix-list …`, the words after these two.
    pub(super) fn prefix_list(
        &mut self,
        index: usize,
        words: &[&'a str],
        ipv6: bool,
    ) -> Outcome<'a> {
        let origin = self.span(index);
        let [name, rest @ ..] = words else {
            return Outcome::Unrecognised;
        };
        if let ["description", ..] = rest {
            return Outcome::Outside;
        }
        let lists = if ipv6 {
            &mut self.config.prefix_lists_v6
        } else {
            &mut self.config.prefix_lists
        };
        let list = lists.entry(name).or_default();
        let (sequence, rest) = match rest {
            ["seq", number, rest @ ..] => (parse::<u32>(number), rest),
            _ => {
                let last = list.entries.keys().next_back().copied().unwrap_or_default();
                // The next multiple of five above the last.
                let next = (last / SEQUENCE_STEP)
                    .saturating_add(1)
                    .saturating_mul(SEQUENCE_STEP);
                (Some(next), rest)
            }
        };
        let Some((sequence, item)) = sequence.zip(prefix_item(rest, origin)) else {
            list.unread.get_or_insert(origin);
            return Outcome::Unrecognised;
        };
        if list.entries.insert(sequence, item).is_some() {
            let message = format!("two entries of `{name}` have the sequence number {sequence}");
            self.finding(CONTRADICTION, Severity::Warning, message, origin);
        }
        Outcome::Understood
    }

    /// `ip community-list …`, the words after these two.
    pub(super) fn community_list(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        let (expanded, name, rest) = match words {
            ["standard", name, rest @ ..] => (false, *name, rest),
            ["expanded", name, rest @ ..] => (true, *name, rest),
            [number, rest @ ..] => match parse::<u16>(number) {
                Some(1..=99) => (false, *number, rest),
                Some(100..=500) => (true, *number, rest),
                _ => return Outcome::Unrecognised,
            },
            [] => return Outcome::Unrecognised,
        };
        // The expression of an expanded list may hold blanks.
        let skip = words.len() - rest.len() + 2;
        let text = self.rest(index, skip + 1);
        let list = self.config.community_lists.entry(name).or_default();
        let (permit, values) = match rest {
            ["permit", values @ ..] => (true, values),
            ["deny", values @ ..] => (false, values),
            _ => {
                list.unread.get_or_insert(origin);
                return Outcome::Unrecognised;
            }
        };
        let matches = if values.is_empty() || (!expanded && values == ["internet"]) {
            Some(CommunityMatch::Any)
        } else if expanded {
            Some(CommunityMatch::Regex(regex(text)))
        } else {
            values
                .iter()
                .map(|word| community(word))
                .collect::<Option<Vec<_>>>()
                .map(CommunityMatch::All)
        };
        match matches {
            Some(matches) => {
                list.entries.push(CommunityEntry {
                    permit,
                    matches,
                    origin,
                });
                Outcome::Understood
            }
            None => {
                list.unread.get_or_insert(origin);
                Outcome::Unrecognised
            }
        }
    }

    /// `ip as-path access-list N permit|deny EXPRESSION`, the words after these three.
    pub(super) fn as_path_list(&mut self, index: usize, words: &[&'a str]) -> Outcome<'a> {
        let origin = self.span(index);
        let [name, kind, ..] = words else {
            return Outcome::Unrecognised;
        };
        let text = self.rest(index, 5);
        let list: &mut AsPathList = self.config.as_path_lists.entry(name).or_default();
        let permit = match *kind {
            "permit" => true,
            "deny" => false,
            _ => {
                list.unread.get_or_insert(origin);
                return Outcome::Unrecognised;
            }
        };
        list.entries.push(AsPathEntry {
            permit,
            regex: regex(text),
            origin,
        });
        Outcome::Understood
    }
}

/// `permit|deny P/L [ge N] [le N]`.
fn prefix_item(words: &[&str], origin: Span) -> Option<PrefixItem> {
    let (permit, rest) = match words {
        ["permit", rest @ ..] => (true, rest),
        ["deny", rest @ ..] => (false, rest),
        _ => return None,
    };
    let (prefix, mut rest) = rest.split_first()?;
    let net: IpNet = parse::<IpNet>(prefix)?.trunc();
    let (mut least, mut most) = (None, None);
    loop {
        rest = match rest {
            [] => break,
            ["ge", number, after @ ..] => {
                least = Some(parse::<u8>(number)?);
                after
            }
            ["le", number, after @ ..] => {
                most = Some(parse::<u8>(number)?);
                after
            }
            _ => return None,
        };
    }
    // `ge` alone means up to the longest; `le` alone from the prefix's own length.
    let own = net.prefix_len();
    let length_max = most.unwrap_or(if least.is_some() {
        net.max_prefix_len()
    } else {
        own
    });
    Some(PrefixItem {
        permit,
        net,
        length_min: least.unwrap_or(own),
        length_max,
        origin,
    })
}

/// Reads a community: `high:low`, a number, or a well-known name.
pub(super) fn community(word: &str) -> Option<Community> {
    Some(match word {
        "no-export" => Community::NO_EXPORT,
        "no-advertise" => Community::NO_ADVERTISE,
        "local-AS" | "local-as" => Community::LOCAL_AS,
        // IOS keeps this as community 0 (`internet`).
        "internet" => Community(0),
        "gshut" => Community(0xffff_0000),
        _ => match word.split_once(':') {
            Some((high, low)) => Community::new(parse(high)?, parse(low)?),
            None => Community(parse(word)?),
        },
    })
}

/// Takes an expression of IOS to `regex` syntax.
///
/// `_` is a comma, brace, parenthesis, blank, or either end (Cisco IOS
/// Terminal Services Configuration Guide, "Regular Expressions"). Braces are
/// plain characters to IOS; everything else means the same.
fn regex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_class = false;
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => {
                escaped = false;
                // A letter after a backslash is that letter, not a class.
                if !c.is_ascii_alphanumeric() {
                    out.push('\\');
                }
                out.push(c);
                continue;
            }
            '\\' => {
                escaped = true;
                continue;
            }
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            '_' if !in_class => {
                out.push_str("(?:^|$|[ ,{}()])");
                continue;
            }
            '{' | '}' if !in_class => out.push('\\'),
            _ => {}
        }
        out.push(c);
    }
    if escaped {
        out.push_str("\\\\");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The underscore of IOS is a delimiter or an end.
    #[test]
    fn underscore_is_a_delimiter() {
        assert_eq!(regex("^65001_[0-9_]+$"), "^65001(?:^|$|[ ,{}()])[0-9_]+$");
        assert_eq!(regex("\\."), "\\.");
    }
}
