//! What must hold of every decoder, whatever it is given.
//!
//! One function a fuzz target: it decodes the bytes twice and panics where an
//! invariant does not hold. Spans and ids are found in what `Debug` prints of
//! an answer, so that no field of the model is forgotten when it grows.

use dialects::detect::{self, Language};
use dialects::statement::{self, Whole};
use dialects::{cisco_ios, fortios, linux};
use findings::{FileId, Finding, SourceFile, Sources, Span};
use networks::control;
use networks::model::{Coverage, Device, Network, Reading};
use networks::observed::{self, ObservedTable};
use networks::topology::{self, Declared};
use region::files::FileKind;
use region::{Date, InputFile};

/// Reads bytes and panics where an invariant does not hold.
pub type Target = fn(&[u8]);

/// Every target by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("compute_routes", compute_routes),
    ("detect_language", detect_language),
    ("read_cisco_ios", read_cisco_ios),
    ("read_fortios", read_fortios),
    ("read_linux_host", read_linux_host),
    ("read_linux_rules", read_linux_rules),
    ("read_observed", read_observed),
    ("read_region", read_region),
    ("read_statements", read_statements),
];

/// What stands between the files of an input that has several.
const BETWEEN_FILES: char = '\0';

/// A Cisco IOS configuration.
pub fn read_cisco_ios(data: &[u8]) {
    one_file("configs/router.cfg", data, cisco_ios::read);
}

/// A FortiOS configuration.
pub fn read_fortios(data: &[u8]) {
    one_file("configs/firewall.conf", data, fortios::read);
}

/// A rule set of iptables-save or nft; its own text tells which.
pub fn read_linux_rules(data: &[u8]) {
    one_file("iptables/host.rules", data, |file, source| {
        linux::read_rules(file, source).reading
    });
}

/// A host file, then the IPv4 and the IPv6 rule set, with a zero byte between.
pub fn read_linux_host(data: &[u8]) {
    let text = text(data);
    let mut sources = Sources::new();
    let mut parts = text.splitn(3, BETWEEN_FILES);
    let mut add = |path| parts.next().map(|text| sources.add(path, text));
    let host = add("hosts/host.json");
    let (rules, rules6) = (add("iptables/host.rules"), add("iptables/host.rules6"));
    let Some(host) = host else { return };
    let with_source = |id| sources.file(id).map(|source| (id, source));
    let Some(host) = with_source(host) else {
        return;
    };
    let _ = linux::rule_files(host.0, host.1);
    let rules = rules.and_then(with_source);
    let rules6 = rules6.and_then(with_source);
    let read = linux::read(host, rules, rules6);
    check_reading(&read.reading, &sources, host.1);
    for (states, file) in [(&read.rules, rules), (&read.rules6, rules6)] {
        assert_eq!(states.is_some(), file.is_some(), "rule sets that were read");
        if let (Some(states), Some((_, source))) = (states, file) {
            check_coverage(states, source);
        }
    }
    let again = linux::read(host, rules, rules6);
    assert_same(&format!("{read:?}"), &format!("{again:?}"));
}

/// A text of any language.
pub fn detect_language(data: &[u8]) {
    let text = text(data);
    for path in ["configs/a.cfg", "hosts/a.json", "layer1.json", ""] {
        let detection = detect::detect(path, &text);
        if let Some(line) = detection.line {
            let lines = text.lines().count();
            assert!(
                line >= 1 && line as usize <= lines,
                "line {line} of {lines}"
            );
        }
        let told = detection.language != Language::Unknown;
        assert_eq!(
            told,
            detection.line.is_some(),
            "a language is told by a line"
        );
        assert_eq!(detect::detect(path, &text), detection);
    }
}

/// The lines that statements of a text are made of, from some of its lines.
pub fn read_statements(data: &[u8]) {
    /// How many lines are asked about.
    const ASKED_MAX: u32 = 32;
    let mut sources = Sources::new();
    let file = sources.add("configs/device.cfg", text(data));
    let Some(source) = sources.file(file) else {
        return;
    };
    let every = source.line_count().div_ceil(ASKED_MAX).max(1);
    for line in (1..=source.line_count()).step_by(every as usize) {
        let Some(span) = Span::of_line(file, source, line) else {
            continue;
        };
        let parts = statement::parts(file, source, span);
        for part in &parts {
            check_span(part.span, &sources);
            assert_eq!(sources.snippet(part.span), Some(part.text));
        }
        assert_eq!(statement::parts(file, source, span), parts);
    }
    for what in [Whole::Forwarding, Whole::Routes] {
        if let Some(span) = statement::whole(file, source, what) {
            check_span(span, &sources);
        }
    }
}

/// The files of a region with a zero byte between; the first line of each is its path.
pub fn read_region(data: &[u8]) {
    let text = text(data);
    let mut sources = Sources::new();
    let mut files = Vec::new();
    for part in text.split(BETWEEN_FILES) {
        let (path, text) = part.split_once('\n').unwrap_or((part, ""));
        if let Ok(Some(kind)) = FileKind::of_path(path) {
            let file = sources.add(path, text);
            files.push(InputFile { kind, file });
        }
    }
    let today = Date::from(jiff::civil::date(2026, 6, 1));
    let answer = region::read(&files, &sources);
    match &answer {
        Ok(region) => {
            check_findings(&region.findings(today), &sources);
            let _ = (region.journeys(today), region.exposures(today));
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "what is wrong is said");
            check_findings(problems, &sources);
        }
    }
    let answer = format!("{answer:?}");
    check_printed(&answer, &sources, None);
    assert_same(&answer, &format!("{:?}", region::read(&files, &sources)));
}

/// A table as a device prints it, in any format: every reader reads it.
pub fn read_observed(data: &[u8]) {
    let text = text(data);
    let read = || {
        let mut tables = vec![observed::cef::read(&text), observed::linux::read(&text)];
        tables.extend(observed::fortios::read(&text));
        tables.extend(observed::ios::read(&text));
        tables
    };
    // A document has no lines to name.
    let document = || observed::frr::read(&text).ok();
    assert_eq!(document(), document());
    let tables = read();
    let lines = u32::try_from(text.split('\n').count()).unwrap_or(u32::MAX);
    for ObservedTable { routes, unread, .. } in &tables {
        let routes = routes.iter().map(|route| route.line);
        for line in routes.chain(unread.iter().copied()) {
            assert!(line >= 1 && line <= lines, "line {line} of {lines}");
        }
    }
    assert_eq!(read(), tables);
}

/// Configurations of any language with a zero byte between, joined and routed.
pub fn compute_routes(data: &[u8]) {
    let text = text(data);
    let mut sources = Sources::new();
    let mut network = Network::default();
    for part in text.split(BETWEEN_FILES).take(8) {
        let file = sources.add("configs/a.cfg", part);
        let Some(source) = sources.file(file) else {
            return;
        };
        let reading = match detect::detect(source.path(), part).language {
            Language::CiscoIos => cisco_ios::read(file, source),
            Language::Fortios => fortios::read(file, source),
            Language::LinuxHost => linux::read((file, source), None, None).reading,
            Language::LinuxRules => linux::read_rules(file, source).reading,
            Language::NotSupported(_) | Language::Unknown => continue,
        };
        network.devices.extend(reading.devices);
    }
    let topology = topology::infer_links(&network, &Declared::default());
    check_findings(&topology.findings, &sources);
    network.links = topology.links;
    let routing = control::compute(&network);
    check_findings(&routing.findings, &sources);
    let again = control::compute(&network);
    assert_same(&format!("{routing:?}"), &format!("{again:?}"));
}

/// Returns the text of bytes as files are read: in UTF-8, else in ISO 8859-1.
fn text(data: &[u8]) -> String {
    let read = std::str::from_utf8(data).map(str::to_owned);
    read.unwrap_or_else(|_| data.iter().copied().map(char::from).collect())
}

/// Reads one configuration and checks what came of it.
fn one_file(path: &str, data: &[u8], read: impl Fn(FileId, &SourceFile) -> Reading) {
    let mut sources = Sources::new();
    let file = sources.add(path, text(data));
    let Some(source) = sources.file(file) else {
        return;
    };
    let reading = read(file, source);
    check_reading(&reading, &sources, source);
    assert_same(
        &format!("{reading:?}"),
        &format!("{:?}", read(file, source)),
    );
}

fn assert_same(one: &str, other: &str) {
    assert!(one == other, "reading twice gives two answers");
}

/// Every line has a state, every span is in a file, every id leads somewhere.
fn check_reading(reading: &Reading, sources: &Sources, source: &SourceFile) {
    check_coverage(&reading.coverage, source);
    check_findings(&reading.findings, sources);
    assert!(
        !reading.devices.is_empty(),
        "a configuration is of a device"
    );
    for device in &reading.devices {
        assert!(!device.vrfs.is_empty(), "a device has a default VRF");
        check_printed(&format!("{device:?}"), sources, Some(device));
    }
}

fn check_coverage(coverage: &Coverage, source: &SourceFile) {
    let lines = u32::try_from(coverage.lines.len()).unwrap_or(u32::MAX);
    assert_eq!(lines, source.line_count(), "one state a line");
}

fn check_findings(findings: &[Finding], sources: &Sources) {
    for finding in findings {
        assert!(!finding.message.is_empty(), "{} says nothing", finding.code);
        let places = finding.evidence.iter().filter_map(|shown| shown.span);
        for span in places.chain(finding.primary) {
            check_span(span, sources);
        }
    }
}

/// A span can be shown: it is in its file, and cuts no character.
fn check_span(span: Span, sources: &Sources) {
    assert!(span.start <= span.end, "{span:?} ends before it starts");
    assert!(
        sources.snippet(span).is_some(),
        "{span:?} is not in its file"
    );
    assert!(sources.location(span).is_some(), "{span:?} has no place");
}

/// Checks every span and id that a value prints; what stands in quotes is text
/// of the input and passed over.
fn check_printed(printed: &str, sources: &Sources, device: Option<&Device>) {
    let mut rest = printed;
    while let Some(at) = rest.find(|c: char| c == '"' || c.is_ascii_uppercase()) {
        let Some((_, found)) = rest.split_at_checked(at) else {
            return;
        };
        if let Some(quoted) = found.strip_prefix('"') {
            rest = after_quoted(quoted);
            continue;
        }
        let end = found
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(found.len());
        let Some((name, after)) = found.split_at_checked(end) else {
            return;
        };
        rest = after;
        if name == "Span" {
            let span = printed_span(after);
            check_span(span.unwrap_or_else(|| no_span(after)), sources);
        } else if let Some((device, id)) = device.zip(printed_id(after)) {
            let count = match name {
                "InterfaceId" => device.interfaces.len(),
                "VrfId" => device.vrfs.len(),
                "TableId" => device.tables.len(),
                "ChainId" => device.chains.len(),
                "RoutePolicyId" => device.policies.len(),
                _ => continue,
            };
            assert!((id as usize) < count, "{name}({id}) of {count}");
        }
    }
}

/// Returns what follows the closing quote.
fn after_quoted(quoted: &str) -> &str {
    let mut escaped = false;
    let end = quoted.find(|c: char| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    end.and_then(|end| quoted.get(end + 1..))
        .unwrap_or_default()
}

/// Reads `(7)`.
fn printed_id(text: &str) -> Option<u32> {
    text.strip_prefix('(')?.split_once(')')?.0.parse().ok()
}

/// Reads ` { file: FileId(0), start: 1, end: 2 }`.
fn printed_span(text: &str) -> Option<Span> {
    let (file, rest) = text.strip_prefix(" { file: FileId(")?.split_once(')')?;
    let (start, rest) = rest.strip_prefix(", start: ")?.split_once(',')?;
    let (end, _) = rest.strip_prefix(" end: ")?.split_once(' ')?;
    Some(Span {
        file: FileId::from_index(file.parse().ok()?),
        start: start.parse().ok()?,
        end: end.parse().ok()?,
    })
}

#[expect(clippy::panic, reason = "the check itself would be blind")]
fn no_span(text: &str) -> Span {
    let start: String = text.chars().take(60).collect();
    panic!("a span is printed in another form: {start}")
}
