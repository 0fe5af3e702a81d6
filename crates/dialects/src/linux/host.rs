//! The host file: `hosts/<name>.json`.
//!
//! Batfish's host files are read as they are; `docs/reference/linux-device.md`
//! lists the keys, those that are ours included.

use super::harmless;
use super::json::Json;
use super::netfilter::Text;
use findings::{Code, Finding, Severity, Span};
use ipnet::IpNet;
use networks::model::LineState;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The file is not JSON, or a value has the wrong form.
pub(super) const INVALID: Code = Code::new("linux-host-file-invalid");
/// A key that nobody reads.
pub(super) const UNKNOWN_KEY: Code = Code::new("linux-host-file-unknown-key");

/// The file as it was written.
#[derive(Debug, Default)]
pub(super) struct Host {
    /// The name of the device, where it says one.
    pub(super) name: Option<String>,
    /// Where the file of IPv4 rules stands, from the folder of the region.
    pub(super) rules: Option<String>,
    /// Where the file of IPv6 rules stands.
    pub(super) rules6: Option<String>,
    /// The interfaces.
    pub(super) interfaces: Vec<HostInterface>,
    /// Lines of `ip route`.
    pub(super) routes: Vec<(String, Span)>,
    /// Lines of `ip rule`.
    pub(super) policy: Vec<(String, Span)>,
    /// Whether the device forwards, where it says so.
    pub(super) forwarding: Option<(bool, Span)>,
    /// Settings of the kernel.
    pub(super) sysctls: BTreeMap<String, (i64, Span)>,
    /// What could matter and is not modelled.
    pub(super) unread: Vec<(Span, String)>,
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
}

/// An interface as it was written.
#[derive(Debug)]
pub(super) struct HostInterface {
    /// Its name.
    pub(super) name: String,
    /// What people wrote beside it.
    pub(super) description: Option<String>,
    /// Its addresses, the first first.
    pub(super) prefixes: Vec<(IpNet, Span)>,
    /// Its gateways, one a family.
    pub(super) gateways: Vec<(IpAddr, Span)>,
    /// The 802.1Q tag.
    pub(super) vlan: Option<u16>,
    /// The interface it is a tagged part of.
    pub(super) parent: Option<(String, Span)>,
    /// Whether it is off.
    pub(super) shutdown: bool,
    /// The largest packet.
    pub(super) mtu: Option<u32>,
    /// Where it stands.
    pub(super) origin: Span,
}

/// Reads the file. What is wrong is in the result.
pub(super) fn read(text: &mut Text<'_>) -> Host {
    let mut reader = Reader {
        host: Host::default(),
        text,
    };
    reader.text_lines_understood();
    match Json::parse(reader.text.source.text()) {
        Ok(value) => reader.file(value),
        Err(error) => reader.not_json(&error),
    }
    reader.host
}

struct Reader<'r, 't> {
    host: Host,
    text: &'r mut Text<'t>,
}

impl Reader<'_, '_> {
    /// Every line that holds more than brackets is read by somebody below, who
    /// says so if it is not understood.
    fn text_lines_understood(&mut self) {
        for number in 1..=self.text.source.line_count() {
            let line = self.text.source.line_text(number).unwrap_or("");
            if line.contains(|letter: char| letter.is_alphanumeric()) {
                self.text.mark(number, LineState::Understood);
            }
        }
    }

    fn not_json(&mut self, error: &serde_json::Error) {
        let line = u32::try_from(error.line()).unwrap_or(1).max(1);
        let origin = self.text.line(line);
        // The column counts bytes, and may be within a character.
        let line_text = self.text.source.line_text(line).unwrap_or("");
        let column = line_text.floor_char_boundary(error.column().saturating_sub(1));
        let column = u32::try_from(column).unwrap_or(0);
        let at = Span {
            start: origin.start.saturating_add(column).min(origin.end),
            ..origin
        };
        for number in 1..=self.text.source.line_count() {
            self.text.mark(number, LineState::NotRecognised);
        }
        let message = format!("the host file is not JSON: {error}");
        self.error(message, at);
        self.host
            .unread
            .push((at, "the host file is not JSON".to_owned()));
    }

    fn error(&mut self, message: impl Into<String>, span: Span) {
        let finding = Finding::new(INVALID, Severity::Error, message).at(span);
        self.host.findings.push(finding);
    }

    fn span(&self, value: Json<'_>) -> Span {
        self.text.span(value.start, value.end())
    }

    /// A value of the wrong form: nothing is known of what it was to say.
    fn wrong(&mut self, key: &str, expected: &str, value: Json<'_>) {
        let span = self.span(value);
        self.error(format!("`{key}` must be {expected}"), span);
        self.text.mark_span(span, LineState::NotRecognised);
        self.host
            .unread
            .push((span, format!("`{key}` is not {expected}")));
    }

    fn unknown_key(&mut self, key: &str, value: Json<'_>) {
        let span = self.span(value);
        let message = format!("key `{key}` is not one of a host file");
        let finding = Finding::new(UNKNOWN_KEY, Severity::Error, message)
            .at(span)
            .with_hint("the keys are listed in `docs/reference/linux-device.md`");
        self.host.findings.push(finding);
        self.text.mark_span(span, LineState::NotRecognised);
        self.host
            .unread
            .push((span, format!("key `{key}` is not understood")));
    }

    /// Opens an object; of a repeated key the last stands, as in other readers.
    fn members<'t>(&mut self, key: &str, value: Json<'t>) -> Vec<(String, Json<'t>)> {
        let Some(members) = value.members() else {
            self.wrong(key, "an object", value);
            return Vec::new();
        };
        let mut seen = BTreeSet::new();
        for (name, value) in &members {
            if !seen.insert(name.clone()) {
                let span = self.span(*value);
                self.error(format!("key `{name}` stands twice"), span);
                self.host
                    .unread
                    .push((span, format!("key `{name}` stands twice")));
            }
        }
        members
    }

    fn string(&mut self, key: &str, value: Json<'_>) -> Option<String> {
        let found = value.string();
        if found.is_none() {
            self.wrong(key, "a string", value);
        }
        found
    }

    fn boolean(&mut self, key: &str, value: Json<'_>) -> Option<bool> {
        let found = value.boolean();
        if found.is_none() {
            self.wrong(key, "`true` or `false`", value);
        }
        found
    }

    fn file(&mut self, value: Json<'_>) {
        for (key, value) in self.members("the file", value) {
            match key.as_str() {
                "hostname" => self.host.name = self.string(&key, value),
                "iptablesFile" => self.host.rules = self.string(&key, value),
                "ip6tablesFile" => self.host.rules6 = self.string(&key, value),
                "hostInterfaces" => {
                    for (name, value) in self.members(&key, value) {
                        self.interface(name, value);
                    }
                }
                "routes" => self.host.routes = self.lines(&key, value),
                "rules" => self.host.policy = self.lines(&key, value),
                "forwarding" => {
                    let span = self.span(value);
                    self.host.forwarding = self.boolean(&key, value).map(|on| (on, span));
                }
                "sysctls" => self.sysctls(value),
                "description" => {
                    self.string(&key, value);
                }
                // Batfish's mark of hosts that share an address: false says nothing.
                "overlay" if value.boolean() == Some(false) => {}
                _ => self.unknown_key(&key, value),
            }
        }
    }

    /// Reads one string of lines, or several strings of one.
    fn lines(&mut self, key: &str, value: Json<'_>) -> Vec<(String, Span)> {
        let expected = "a list of lines";
        let items = match value.items() {
            Some(items) => items,
            None if value.string().is_some() => vec![value],
            None => {
                self.wrong(key, expected, value);
                return Vec::new();
            }
        };
        let mut lines = Vec::new();
        for item in items {
            let span = self.span(item);
            match item.string() {
                Some(text) => {
                    let text = text.replace("\\\n", "\n");
                    let kept = text.lines().map(str::trim).filter(|line| !line.is_empty());
                    lines.extend(kept.map(|line| (line.to_owned(), span)));
                }
                None => self.wrong(key, expected, item),
            }
        }
        lines
    }

    fn interface(&mut self, name: String, value: Json<'_>) {
        let mut interface = HostInterface {
            name,
            description: None,
            prefixes: Vec::new(),
            gateways: Vec::new(),
            vlan: None,
            parent: None,
            shutdown: false,
            mtu: None,
            origin: self.span(value),
        };
        for (key, value) in self.members("hostInterfaces", value) {
            self.interface_key(&mut interface, &key, value);
        }
        let repeated = self
            .host
            .interfaces
            .iter()
            .any(|known| known.name == interface.name);
        if repeated {
            let message = format!("interface `{}` stands twice", interface.name);
            self.error(message, interface.origin);
            return;
        }
        self.host.interfaces.push(interface);
    }

    fn interface_key(&mut self, interface: &mut HostInterface, key: &str, value: Json<'_>) {
        match key {
            "name" => {
                if let Some(name) = self.string(key, value) {
                    interface.name = name;
                }
            }
            "description" => interface.description = self.string(key, value),
            "prefix" => self.prefix(interface, key, value),
            "prefixes" | "otherPrefixes" => match value.items() {
                Some(items) => {
                    for item in items {
                        self.prefix(interface, key, item);
                    }
                }
                None => self.wrong(key, "a list of addresses with prefix lengths", value),
            },
            "gateway" | "gateway6" => {
                let address = value.string().and_then(|text| text.parse().ok());
                match address {
                    Some(address) => interface.gateways.push((address, self.span(value))),
                    None => self.wrong(key, "an address", value),
                }
            }
            "vlan" => match value.integer().and_then(|tag| u16::try_from(tag).ok()) {
                Some(tag) if (1..=4094).contains(&tag) => interface.vlan = Some(tag),
                _ => self.wrong(key, "a VLAN number (1 to 4094)", value),
            },
            "parent" => {
                let span = self.span(value);
                interface.parent = self.string(key, value).map(|name| (name, span));
            }
            "shutdown" => interface.shutdown = self.boolean(key, value).unwrap_or(false),
            "mtu" => match value.integer().and_then(|mtu| u32::try_from(mtu).ok()) {
                Some(mtu) => interface.mtu = Some(mtu),
                None => self.wrong(key, "a number of bytes", value),
            },
            "bandwidth" if value.integer().is_some() => {
                self.text
                    .mark_span(self.span(value), LineState::NotModelledHarmless);
            }
            // Batfish's mark of interfaces that share an address: false says nothing.
            "shared" if value.boolean() == Some(false) => {}
            _ => self.unknown_key(key, value),
        }
    }

    fn prefix(&mut self, interface: &mut HostInterface, key: &str, value: Json<'_>) {
        match value.string().and_then(|text| text.parse::<IpNet>().ok()) {
            Some(net) => interface.prefixes.push((net, self.span(value))),
            None => self.wrong(key, "an address with its prefix length", value),
        }
    }

    fn sysctls(&mut self, value: Json<'_>) {
        for (name, value) in self.members("sysctls", value) {
            let name = name.replace('/', ".");
            let number = match value.string() {
                Some(text) => text.trim().parse().ok(),
                None => value.text.parse::<i64>().ok(),
            };
            let span = self.span(value);
            let modelled = is_modelled(&name);
            if !modelled && harmless::sysctl(&name).is_some() {
                self.text.mark_span(span, LineState::NotModelledHarmless);
                continue;
            }
            match number {
                Some(number) if modelled => {
                    self.host.sysctls.insert(name, (number, span));
                }
                Some(_) => {
                    self.text.mark_span(span, LineState::NotModelledCouldMatter);
                    let reason = format!("setting `{name}` is not modelled");
                    self.host.unread.push((span, reason));
                }
                None => self.wrong(&name, "a number", value),
            }
        }
    }
}

/// Tells whether [`super::meaning`] looks at the setting.
fn is_modelled(name: &str) -> bool {
    let of_interface = |prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            [
                ".rp_filter",
                ".arp_ignore",
                ".proxy_arp",
                ".forwarding",
                ".disable_ipv6",
            ]
            .iter()
            .any(|setting| rest.ends_with(setting))
        })
    };
    name == "net.ipv4.ip_forward"
        || name == "net.netfilter.nf_conntrack_tcp_loose"
        || of_interface("net.ipv4.conf.")
        || of_interface("net.ipv6.conf.")
}
