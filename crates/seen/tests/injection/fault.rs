//! A fault: one change of one configuration's text, and the lines at which it
//! may be found.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// The languages that the example is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dialect {
    Ios,
    Fortios,
    Linux,
}

impl Dialect {
    /// The dialect of a file of the example, by its ending.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "cfg" => Some(Self::Ios),
            "conf" => Some(Self::Fortios),
            "rules" | "nft" => Some(Self::Linux),
            "json" => Some(Self::Linux),
            _ => None,
        }
    }
}

/// A line of a configuration, with what it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'a> {
    /// Every line of the file.
    pub(crate) lines: &'a [&'a str],
    /// Which line, from zero.
    pub(crate) at: usize,
}

impl<'a> Site<'a> {
    /// The line, without what indents it.
    pub(crate) fn line(&self) -> &'a str {
        self.lines[self.at].trim()
    }

    /// What indents the line.
    pub(crate) fn indent(&self) -> &'a str {
        indent(self.lines[self.at])
    }

    /// The nearest line above that is indented less; the line itself at the margin.
    pub(crate) fn head(&self) -> usize {
        let depth = self.indent().len();
        let above = self.lines[..self.at].iter().rposition(|line| {
            indent(line).len() < depth && !line.trim().is_empty() && !line.starts_with('!')
        });
        if depth == 0 {
            self.at
        } else {
            above.unwrap_or(self.at)
        }
    }

    /// The text of the head.
    pub(crate) fn head_line(&self) -> &'a str {
        self.lines[self.head()].trim()
    }

    /// The head of the head.
    pub(crate) fn section(&self) -> &'a str {
        let head = Site {
            lines: self.lines,
            at: self.head(),
        };
        head.head_line()
    }
}

fn indent(line: &str) -> &str {
    line.strip_suffix(line.trim_start()).unwrap_or_default()
}

/// What a fault does at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Puts another line in its place.
    To(String),
    /// Takes this many lines away.
    Gone(usize),
    /// Puts lines before it.
    Before(Vec<String>),
    /// Puts a line after it.
    After(String),
}

/// A way of getting a line wrong. Returns nothing where the line is not of the
/// sort that can be got wrong so; the number chooses among several ways.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) change: fn(Site<'_>, u64) -> Option<Change>,
}

/// A fault that can be put into the example.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) dialect: Dialect,
    pub(crate) kind: &'static str,
    /// The file, as findings name it.
    pub(crate) file: String,
    /// The line of the mended file, from one.
    pub(crate) line: usize,
    /// What was changed, for people.
    pub(crate) what: String,
    /// The file with the fault.
    pub(crate) text: String,
    /// The changed or added lines; where lines are gone, what stands beside
    /// them, the head of their list and the line that decides in their place.
    pub(crate) exact: BTreeSet<u64>,
    /// The head of the statement that the line is part of (`edit 12`, `interface …`).
    pub(crate) object: BTreeSet<u64>,
    /// Lines that use the object by its name.
    pub(crate) users: BTreeSet<u64>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} {} {}:{} {}",
            self.dialect, self.kind, self.file, self.line, self.what
        )
    }
}

/// Makes the fault of a change.
pub(crate) fn fault(
    dialect: Dialect,
    kind: &'static str,
    file: &str,
    site: Site<'_>,
    change: &Change,
) -> Fault {
    let mut lines: Vec<String> = site.lines.iter().map(|line| (*line).to_owned()).collect();
    let at = site.at;
    let (what, changed) = match change {
        Change::To(line) => {
            lines[at].clone_from(line);
            (
                format!("`{}` -> `{}`", site.line(), line.trim()),
                at..at + 1,
            )
        }
        Change::Gone(count) => {
            lines.drain(at..at + count);
            (format!("`{}` gone", site.line()), at..at)
        }
        Change::Before(added) => {
            lines.splice(at..at, added.iter().cloned());
            let first = added.iter().map(|line| line.trim()).collect::<Vec<_>>();
            (
                format!("`{}` before `{}`", first.join(" / "), site.line()),
                at..at + added.len(),
            )
        }
        Change::After(added) => {
            lines.insert(at + 1, added.clone());
            (
                format!("`{}` after `{}`", added.trim(), site.line()),
                at + 1..at + 2,
            )
        }
    };
    let number = |index: usize| u64::try_from(index + 1).expect("a line number");
    let borrowed: Vec<&str> = lines.iter().map(String::as_str).collect();
    let exact = if changed.is_empty() {
        let mut exact = instead(dialect, &borrowed, at, site);
        // Of a name that nothing defines any more, only its uses are left.
        if let Some(name) = orphan(dialect, &borrowed, site) {
            exact.extend(users(dialect, &borrowed, name.to_owned()));
        }
        exact
    } else {
        changed.clone().collect()
    };
    let here = Site {
        lines: &borrowed,
        at: changed.start.min(borrowed.len() - 1),
    };
    let object = if changed.is_empty() {
        list(dialect, site).map(str::to_owned)
    } else {
        object(dialect, here).map(|at| borrowed[at].trim().to_owned())
    };
    let users = object.map_or_else(BTreeSet::new, |object| users(dialect, &borrowed, object));
    Fault {
        dialect,
        kind,
        file: file.to_owned(),
        line: at + 1,
        what,
        exact: exact.into_iter().map(number).collect(),
        object: statement_head(dialect, here)
            .into_iter()
            .map(number)
            .collect(),
        users: users.into_iter().map(number).collect(),
        text: lines.join("\n"),
    }
}

/// Where lines are gone: their neighbours, what stands for their list or their
/// device, and the last line of the list, which decides in their place.
fn instead(dialect: Dialect, lines: &[&str], at: usize, site: Site<'_>) -> BTreeSet<usize> {
    let mut found: BTreeSet<usize> = [at.saturating_sub(1), at].into();
    // A remark says nothing; the line before it stood beside the lost one.
    let remark = |line: &&str| {
        let line = line.trim();
        !(line.starts_with("remark") || line.starts_with('#') || line.is_empty())
    };
    found.extend(lines[..at].iter().rposition(remark));
    found.extend(lines[at..].iter().position(remark).map(|after| at + after));
    // The device, which lacks a line.
    found.insert(0);
    found.extend(
        lines
            .iter()
            .position(|line| line.starts_with("hostname") || line.contains("\"hostname\"")),
    );
    let head = site.head();
    if head != site.at {
        found.insert(head);
        let depth = indent(lines[head]).len();
        let end = lines[head + 1..]
            .iter()
            .position(|line| indent(line).len() <= depth)
            .map_or(lines.len(), |after| head + 1 + after);
        found.extend(end.checked_sub(1));
    }
    if dialect == Dialect::Linux {
        let policy = |line: &&str| line.starts_with(":FORWARD") || line.contains("hook forward");
        found.extend(lines.iter().position(policy));
    }
    found
}

/// The line that heads the statement a line is part of, where several lines
/// make one statement.
fn statement_head(dialect: Dialect, site: Site<'_>) -> Option<usize> {
    let head = site.head();
    match dialect {
        Dialect::Fortios => site.head_line().starts_with("edit").then_some(head),
        // The action of a class is on the line below it.
        Dialect::Ios => ["interface", "class "]
            .iter()
            .any(|start| site.head_line().starts_with(start))
            .then_some(head),
        Dialect::Linux => None,
    }
}

/// The line that names the object a line is part of.
fn object(dialect: Dialect, site: Site<'_>) -> Option<usize> {
    let named = |line: &str| match dialect {
        Dialect::Fortios => line.starts_with("edit \""),
        Dialect::Ios => line.starts_with("object-group") || line.starts_with("ip nat pool"),
        Dialect::Linux => line.starts_with("set "),
    };
    let head = site.head();
    named(site.lines[head].trim()).then_some(head)
}

/// The list that a line which is gone was one of.
fn list(dialect: Dialect, site: Site<'_>) -> Option<&str> {
    let listed =
        |line: &str| line.starts_with("ip access-list") || line.starts_with("ip prefix-list");
    Some(site.head_line()).filter(|head| dialect == Dialect::Ios && listed(head))
}

/// The definition that is gone with a line, where it was the only line of it.
fn orphan<'a>(dialect: Dialect, lines: &[&str], site: Site<'a>) -> Option<&'a str> {
    let name = name_of(dialect, list(dialect, site)?)?;
    let start = |line: &str| line.starts_with(&format!("ip prefix-list {name} "));
    (start(site.line()) && !lines.iter().any(|line| start(line))).then(|| site.line())
}

/// The lines that use an object, or what uses it in turn.
fn users(dialect: Dialect, lines: &[&str], object: String) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut names = vec![object];
    let mut seen = BTreeSet::new();
    while let Some(definition) = names.pop() {
        let Some(name) = name_of(dialect, &definition) else {
            continue;
        };
        if !seen.insert(name.clone()) {
            continue;
        }
        for (at, line) in lines.iter().enumerate() {
            let used = match dialect {
                Dialect::Fortios => {
                    !line.trim().starts_with("edit") && line.contains(&format!("\"{name}\""))
                }
                Dialect::Ios => {
                    let defines = [
                        "object-group",
                        "ip nat pool",
                        "ip access-list",
                        "ip prefix-list",
                    ];
                    !defines.iter().any(|start| line.starts_with(start))
                        && line.split(' ').any(|word| word == name)
                }
                Dialect::Linux => line.contains(&format!("@{name} ")),
            };
            if !used {
                continue;
            }
            let head = Site { lines, at }.head();
            found.insert(at);
            if dialect == Dialect::Fortios {
                found.insert(head);
                names.push(lines[head].trim().to_owned());
            }
        }
    }
    found
}

fn name_of(dialect: Dialect, definition: &str) -> Option<String> {
    let mut words = definition.split(' ');
    match dialect {
        Dialect::Fortios => definition
            .strip_prefix("edit \"")?
            .strip_suffix('"')
            .map(str::to_owned),
        Dialect::Ios if definition.starts_with("ip nat pool") => words.nth(3).map(str::to_owned),
        Dialect::Ios if definition.starts_with("ip access-list") => words.nth(3).map(str::to_owned),
        Dialect::Ios => words.nth(2).map(str::to_owned),
        Dialect::Linux => words.nth(1).map(str::to_owned),
    }
}

/// Replaces the n-th word of a line, what indents it kept.
pub(crate) fn with_word(line: &str, number: usize, word: &str) -> String {
    let mut words: Vec<&str> = line.trim_start().split(' ').collect();
    words[number] = word;
    format!("{}{}", indent(line), words.join(" "))
}

/// Counts one octet of an address up by so much, past its end down.
pub(crate) fn bumped(address: &str, octet: usize, by: u8) -> Option<String> {
    let mut octets: Vec<u8> = address
        .split('.')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()
        .filter(|octets: &Vec<u8>| octets.len() == 4)?;
    octets[octet] = octets[octet]
        .checked_add(by)
        .unwrap_or_else(|| octets[octet] - by);
    let octets: Vec<String> = octets.iter().map(u8::to_string).collect();
    Some(octets.join("."))
}

/// An address got wrong where a typist would: the last octet that the mask
/// (or, as it may be, the wildcard) leaves to the network.
pub(crate) fn mistyped(address: &str, mask: &str, wildcard: bool) -> Option<String> {
    let full = if wildcard { "0" } else { "255" };
    let octet = mask.split('.').rposition(|part| part == full)?;
    bumped(address, octet, 1)
}

trait RightPosition<T> {
    fn rposition(self, test: impl Fn(T) -> bool) -> Option<usize>;
}

impl<'a> RightPosition<&'a str> for std::str::Split<'a, char> {
    fn rposition(self, test: impl Fn(&'a str) -> bool) -> Option<usize> {
        let parts: Vec<&str> = self.collect();
        parts.iter().rposition(|part| test(part))
    }
}

/// The same for `address/length`.
pub(crate) fn mistyped_prefix(prefix: &str) -> Option<String> {
    let (address, length) = prefix.split_once('/')?;
    let length: u8 = length.parse().ok()?;
    let octet = usize::from(length.div_ceil(8)).checked_sub(1)?;
    // The lowest bit that the prefix has in that octet.
    let by = 1u8 << ((8 - length % 8) % 8);
    Some(format!("{}/{length}", bumped(address, octet, by)?))
}

/// The mask that is shorter or longer than the one meant, a wildcard or not.
pub(crate) fn wrong_mask(mask: &str) -> Option<&'static str> {
    Some(match mask {
        "0.0.0.255" => "0.0.0.15",
        "0.3.255.255" => "0.0.3.255",
        "0.0.255.255" => "0.0.0.255",
        "0.255.255.255" => "0.15.255.255",
        "0.0.0.7" => "0.0.0.1",
        "0.0.3.255" => "0.0.0.3",
        "255.255.255.0" => "255.255.255.240",
        "255.252.0.0" => "255.255.252.0",
        "255.255.0.0" => "255.255.255.0",
        "255.255.255.252" => "255.255.255.255",
        "0.0.0.0" => "255.0.0.0",
        _ => return None,
    })
}
