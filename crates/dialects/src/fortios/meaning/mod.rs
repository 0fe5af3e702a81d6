//! FortiOS's own model to the common one: one device for each virtual domain.

mod addresses;
mod bgp;
mod fixed_ports;
mod hairpin;
mod interface_settings;
mod interfaces;
mod lists;
mod local;
mod nat;
mod ospf;
mod owned;
mod policies;
mod policy_routes;
mod policy_settings;
mod profiles;
mod protocols;
mod returning;
mod route_maps;
mod sdwan;
mod secrets;
mod sections;
mod services;
mod sessions;
mod statics;
mod tunnels;
mod vip_order;
mod vips;
mod words;

use super::reading::{Database, Node};
use super::syntax::Word;
use super::version::Version;
use findings::{Code, FileId, Finding, Severity, Span};
use networks::model::{
    Action, Chain, ChainId, Condition, Device, DeviceKind, Hook, InterfaceId, InterfaceSet,
    RoutePolicyId, Rule, Touches, Unknown, Unread, Vrf, VrfId,
};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many references one virtual domain may expand to, groups in groups
/// counted each time they are used. The largest models hold 20,000 addresses
/// and 200,000 policies; what expands to more is unknown.
const REFERENCES_MAX: usize = 4_000_000;

/// How many findings one file gives of one kind at most.
const FINDINGS_MAX: usize = 2_000;

/// What a file comes to.
#[derive(Debug)]
pub(super) struct Meaning {
    /// The devices.
    pub(super) devices: Vec<Device>,
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
}

/// Reads every virtual domain.
pub(super) fn mean(
    file: FileId,
    path: &str,
    database: &Database,
    version: Option<Version>,
) -> Meaning {
    let root = &database.root;
    let global = root.table("global").unwrap_or(root);
    let hostname = global
        .table("system global")
        .and_then(|system| system.word("hostname"))
        .map_or_else(|| stem(path), str::to_owned);
    let domains: Vec<(&str, &Node)> = root
        .table("vdom")
        .into_iter()
        .flat_map(Node::entries)
        .map(|entry| (entry.name.as_str(), entry))
        .collect();
    let several = domains.len() > 1;
    let mut findings = secrets::found(root);
    let mut devices = Vec::new();
    let alone = domains.is_empty();
    let all = if alone { vec![("root", root)] } else { domains };
    for (name, scope) in all {
        let device_name = if several {
            format!("{hostname}/{name}")
        } else {
            hostname.clone()
        };
        let mut domain = Domain::new(file, name, scope, global, version);
        domain.device.name = device_name;
        domain.single = !several;
        domain.read();
        findings.append(&mut domain.findings);
        devices.push(domain.device);
    }
    sections::settle(database, &mut devices);
    Meaning { devices, findings }
}

/// Returns the name of a file without folders and its last extension.
fn stem(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if stem.is_empty() { name } else { stem }.to_owned()
}

/// A zone, or an SD-WAN zone.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    /// Its interfaces.
    pub(super) members: Vec<InterfaceId>,
    /// Whether its interfaces may talk to each other without a policy.
    pub(super) intrazone: bool,
    /// Its entry.
    pub(super) span: Span,
}

/// One virtual domain while it is read.
#[derive(Debug)]
pub(super) struct Domain<'a> {
    /// Its name.
    name: &'a str,
    /// Its own sections; the whole file where there are no virtual domains.
    scope: &'a Node,
    /// The sections of the whole unit.
    global: &'a Node,
    version: Option<Version>,
    /// Whether it is the only one.
    single: bool,
    device: Device,
    interfaces: HashMap<&'a str, InterfaceId>,
    /// Interfaces whose address the configuration does not tell.
    addressless: Vec<InterfaceId>,
    zones: BTreeMap<String, Zone>,
    /// VRF numbers in use, in the order of [`Device::vrfs`].
    vrfs: BTreeMap<u16, VrfId>,
    vips: vips::Vips<'a>,
    nat: nat::Nat,
    route_maps: HashMap<&'a str, RoutePolicyId>,
    /// What IPsec tunnels carry.
    selectors: BTreeMap<InterfaceId, Vec<tunnels::Selector>>,
    /// Groups that contain themselves, by where they begin.
    cyclic: HashSet<u32>,
    /// Whether TCP that opens nothing may make a session where a policy says so.
    without_syn: bool,
    /// The line by which peers share the sessions of some protocols only.
    half_shared: Option<Span>,
    findings: Vec<Finding>,
    reported: HashSet<(Code, u32)>,
    references: Cell<usize>,
    /// The first place of the file, for what no line says.
    top: Span,
}

impl<'a> Domain<'a> {
    fn new(
        file: FileId,
        name: &'a str,
        scope: &'a Node,
        global: &'a Node,
        version: Option<Version>,
    ) -> Self {
        Self {
            name,
            scope,
            global,
            version,
            single: true,
            device: Device::new("", file, DeviceKind::Router),
            interfaces: HashMap::new(),
            addressless: Vec::new(),
            zones: BTreeMap::new(),
            vrfs: BTreeMap::from([(0, VrfId::DEFAULT)]),
            vips: vips::Vips::default(),
            nat: nat::Nat::default(),
            route_maps: HashMap::new(),
            selectors: BTreeMap::new(),
            cyclic: HashSet::new(),
            without_syn: false,
            half_shared: None,
            findings: Vec::new(),
            reported: HashSet::new(),
            references: Cell::new(0),
            top: scope.span,
        }
    }

    /// Reads everything, in the order in which things refer to each other.
    fn read(&mut self) {
        self.index_vips();
        self.read_interfaces();
        self.read_tunnels();
        self.read_sdwan_zones();
        self.read_zones();
        self.check_addresses();
        self.read_services();
        self.read_sessions();
        self.read_vips();
        self.read_policies();
        self.add_translation();
        self.add_selectors();
        self.read_local();
        self.read_statics();
        self.read_policy_routes();
        self.read_route_maps();
        self.read_ospf();
        self.read_bgp();
        self.read_other_protocols();
    }

    /// Returns a section of the virtual domain, else of the unit.
    fn section(&self, name: &str) -> Option<&'a Node> {
        self.scope.table(name).or_else(|| self.global.table(name))
    }

    /// Returns the entries of a section.
    fn entries(&self, name: &str) -> impl Iterator<Item = &'a Node> + use<'a> {
        let section = self.section(name);
        section.into_iter().flat_map(Node::entries)
    }

    /// Notes a line that could matter and is not modelled.
    fn unread(&mut self, origin: Span, touches: Touches, reason: impl Into<String>) {
        self.device.unread.push(Unread {
            origin,
            touches,
            reason: reason.into(),
        });
    }

    /// Notes a name that nothing defines, once for each place.
    fn undefined(&mut self, what: &str, word: &Word) {
        let code = Code::new("undefined-reference");
        self.report(
            code,
            word.span,
            format!("no {what} is named `{}`", word.text),
        );
    }

    /// Notes a finding, once for each place.
    fn report(&mut self, code: Code, span: Span, message: String) {
        if self.findings.len() < FINDINGS_MAX && self.reported.insert((code, span.start)) {
            self.findings
                .push(Finding::new(code, Severity::Error, message).at(span));
        }
    }

    /// Counts one reference; false where there are too many.
    fn spend(&self) -> bool {
        self.references.set(self.references.get() + 1);
        self.references.get() <= REFERENCES_MAX
    }

    /// Counts one reference; where there are too many, anything may be missing.
    fn afford(&mut self) -> bool {
        let fits = self.spend();
        if self.references.get() == REFERENCES_MAX + 1 {
            let reason = "the configuration expands to too many references";
            self.unread(self.top, Touches::Device, reason);
        }
        fits
    }

    fn add_chain(&mut self, name: impl Into<String>, rules: Vec<Rule>, default: Action) -> ChainId {
        let id = u32::try_from(self.device.chains.len()).unwrap_or(u32::MAX);
        self.device.chains.push(Chain {
            name: name.into(),
            rules,
            default,
            origin: None,
        });
        ChainId(id)
    }

    fn add_hook(&mut self, hook: Hook) {
        self.device.hooks.push(hook);
    }

    /// Returns the interfaces that a word names: an interface or a zone; `None`
    /// where nothing is named so.
    fn named_interfaces(&self, word: &Word) -> Option<Vec<InterfaceId>> {
        if let Some(&id) = self.interfaces.get(word.text.as_str()) {
            return Some(vec![id]);
        }
        if let Some(zone) = self.zones.get(&word.text) {
            return Some(zone.members.clone());
        }
        let renamed = self.section("system zone")?.referred(word)?;
        Some(self.zones.get(&renamed.name)?.members.clone())
    }

    /// Returns the interfaces that words name; `None` for any. What nothing
    /// defines is reported and names no interface.
    fn interface_set(&mut self, words: &[Word]) -> Option<InterfaceSet> {
        // A list with `any` and others comes down to `any` (the CLI drops one
        // of both; which one differs, so the wider stays and is reported on
        // the device's own terms).
        if words.is_empty() || words.iter().any(|word| word.text == "any") {
            return None;
        }
        let mut ids = Vec::new();
        for word in words {
            match self.named_interfaces(word) {
                Some(found) => {
                    for id in found {
                        if self.afford() {
                            ids.push(id);
                        }
                    }
                }
                None => self.undefined("interface or zone", word),
            }
        }
        Some(InterfaceSet::new(ids))
    }

    /// Returns the VRF of a number, made where it is new.
    fn vrf_numbered(&mut self, number: u16) -> VrfId {
        if let Some(&id) = self.vrfs.get(&number) {
            return id;
        }
        let id = VrfId(u32::try_from(self.device.vrfs.len()).unwrap_or(u32::MAX));
        self.device.vrfs.push(Vrf::new(number.to_string()));
        self.vrfs.insert(number, id);
        id
    }

    fn vrf_mut(&mut self, id: VrfId) -> Option<&mut Vrf> {
        self.device.vrfs.get_mut(id.index())
    }

    fn vrf_of(&self, id: InterfaceId) -> VrfId {
        self.device
            .interface(id)
            .map_or(VrfId::DEFAULT, |interface| interface.vrf)
    }
}

/// Makes a condition that cannot be told.
fn unknown(origin: Span, reason: impl Into<String>) -> Condition {
    Condition::Unknown(Unknown {
        origin,
        reason: reason.into(),
    })
}

/// Makes an action that cannot be told.
fn unknown_action(origin: Span, reason: impl Into<String>) -> Action {
    Action::Unknown(Unknown {
        origin,
        reason: reason.into(),
    })
}

/// Joins conditions that must all hold, without needless nesting.
fn all(parts: impl IntoIterator<Item = Condition>) -> Condition {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Condition::Always => {}
            Condition::All(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    match flat.len() {
        0 => Condition::Always,
        1 => flat.remove(0),
        _ => Condition::All(flat),
    }
}

/// Joins conditions of which one must hold, without needless nesting.
fn any(parts: impl IntoIterator<Item = Condition>) -> Condition {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Condition::Always => return Condition::Always,
            Condition::Any(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    if flat.len() == 1 {
        flat.remove(0)
    } else {
        Condition::Any(flat)
    }
}

/// Negates a condition.
fn not(part: Condition) -> Condition {
    match part {
        Condition::Not(inner) => *inner,
        other => Condition::Not(Box::new(other)),
    }
}

/// True of no packet.
fn never() -> Condition {
    Condition::Any(Vec::new())
}
