//! What is looked up about devices and links again and again, prepared once.

use super::context::Reads;
use super::limits::UNREAD_NAMED_MAX;
use super::routes::{Routes, routed_by_destination, unknown_routes};
use super::seeded::bug;
use super::table::Table;
use crate::forwarding::{DeviceRouting, FibAction, Routing, SpareRoute, VrfRouting, gateways};
use crate::model::{
    Condition, Device, DeviceId, DeviceKind, Hook, HookKind, InterfaceId, InterfaceKind, Network,
    OutOfState, Port, SessionEffect, Stage, TableId, Touches, Tracking, Unknown, VrfId,
};
use ipnet::IpNet;
use packets::{Address, AddressSet, Intervals};
use rustc_hash::FxHashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Identifies a link: a position in [`Network::links`], or beyond those the
/// stub of a port that is in no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u32);

/// A network and its routing, prepared for one address family.
#[derive(Debug)]
pub(super) struct World<'n, A> {
    pub(super) network: &'n Network,
    pub(super) routing: &'n Routing,
    devices: Vec<Arc<Facts<'n, A>>>,
    joins: Arc<Joins<A>>,
}

/// Who is joined to whom.
#[derive(Debug)]
struct Joins<A> {
    links: Vec<LinkFacts<A>>,
    link_of: FxHashMap<Port, LinkId>,
}

/// What is looked up about one device.
#[derive(Debug, Clone)]
pub(super) struct Facts<'n, A> {
    pub(super) device: &'n Device,
    pub(super) routing: Option<&'n DeviceRouting>,
    routes: Arc<Routes<A>>,
    /// Its hooks by stage, in order.
    stages: [Vec<&'n Hook>; 4],
    /// What each chain reads of its context.
    pub(super) reads: Vec<Reads>,
    /// The names of its reflexive lists.
    pub(super) reflects: Vec<&'n str>,
    /// Whether any hook or policy routing looks at connection states.
    pub(super) reads_connection: bool,
    /// Whether anything looks at marks.
    pub(super) reads_mark: bool,
    /// Whether the entering interface matters after the stage of ingress.
    pub(super) entering_matters: bool,
    /// Whether it makes a difference that a packet belongs to a session.
    pub(super) sessions_matter: bool,
    /// Unread lines that could change anything.
    pub(super) unread: Vec<Unknown>,
    unread_interfaces: FxHashMap<InterfaceId, Vec<Unknown>>,
    unread_forwarding: Vec<(VrfId, Intervals<A>, Unknown)>,
}

/// The ports of one link, and the addresses they answer for.
#[derive(Debug)]
pub(super) struct LinkFacts<A> {
    pub(super) ports: Vec<LinkPort<A>>,
    /// How many ports it joins, shut ones included.
    pub(super) joined: usize,
}

/// One port of a link that is up.
#[derive(Debug)]
pub(super) struct LinkPort<A> {
    pub(super) port: Port,
    /// Its own addresses and the virtual ones it holds.
    pub(super) own: Intervals<A>,
    /// Further addresses it answers for.
    pub(super) proxied: Intervals<A>,
    /// The same two, whatever the family.
    interface: (DeviceId, InterfaceId),
}

impl<'n, A: Address> World<'n, A> {
    pub(super) fn new(network: &'n Network, routing: &'n Routing) -> Self {
        let empty = Joins {
            links: Vec::new(),
            link_of: FxHashMap::default(),
        };
        let mut world = Self {
            network,
            routing,
            devices: Vec::with_capacity(network.devices.len()),
            joins: Arc::new(empty),
        };
        for (id, device) in network.devices() {
            let routing = routing.device(id);
            let routes = Arc::new(Routes::new(device, routing));
            world
                .devices
                .push(Arc::new(Facts::new(device, routing, routes)));
        }
        world.share_sessions();
        let mut joins = Joins {
            links: Vec::new(),
            link_of: FxHashMap::default(),
        };
        for link in &network.links {
            world.join(&mut joins, &link.ports);
        }
        for (id, device) in network.devices() {
            for (interface, _) in device.interfaces() {
                let port = Port {
                    device: id,
                    interface,
                };
                if !joins.link_of.contains_key(&port) {
                    world.join(&mut joins, &[port]);
                }
            }
        }
        world.joins = Arc::new(joins);
        world
    }

    /// Prepares a network that differs in the chains and routes of some devices alone.
    pub(super) fn revised(
        &self,
        network: &'n Network,
        routing: &'n Routing,
        changed: &[DeviceId],
    ) -> Self {
        let (devices, joins) = (self.devices.clone(), Arc::clone(&self.joins));
        let mut world = Self {
            network,
            routing,
            devices,
            joins,
        };
        for id in changed {
            if let (Some(device), Some(place)) =
                (network.device(*id), world.devices.get_mut(id.index()))
            {
                let routing = routing.device(*id);
                let routes = match place.routing == routing {
                    true => Arc::clone(&place.routes),
                    false => Arc::new(Routes::new(device, routing)),
                };
                *place = Arc::new(Facts::new(device, routing, routes));
            }
        }
        world.share_sessions();
        world
    }

    /// Sessions matter at every device of a group when they do at one.
    fn share_sessions(&mut self) {
        let name = |facts: &Facts<'n, A>| facts.device.sessions.shared.as_deref();
        let matter = self.devices.iter().filter(|facts| facts.sessions_matter);
        let sharing: Vec<&'n str> = matter.filter_map(|facts| name(facts)).collect();
        for facts in &mut self.devices {
            if !facts.sessions_matter && name(facts).is_some_and(|name| sharing.contains(&name)) {
                Arc::make_mut(facts).sessions_matter = true;
            }
        }
    }

    fn join(&self, joins: &mut Joins<A>, ports: &[Port]) {
        let id = LinkId(u32::try_from(joins.links.len()).unwrap_or(u32::MAX));
        let mut facts = LinkFacts {
            ports: Vec::with_capacity(ports.len()),
            joined: ports.len(),
        };
        for &port in ports {
            joins.link_of.entry(port).or_insert(id);
            if let Some(answers) = self.answers(port) {
                facts.ports.push(answers);
            }
        }
        joins.links.push(facts);
    }

    /// Returns what a port that is up answers for.
    fn answers(&self, port: Port) -> Option<LinkPort<A>> {
        let interface = self
            .network
            .interface(port)
            .filter(|interface| interface.is_up())?;
        let addresses = interface.addresses.iter().map(|own| own.net.addr());
        let groups = interface.redundancy.iter().enumerate();
        let held = groups.filter(|(index, _)| self.is_active(port, *index));
        let own = addresses.chain(held.flat_map(|(_, group)| group.addresses.iter().copied()));
        Some(LinkPort {
            port,
            own: intervals_of(own),
            proxied: addresses_of(&interface.answers_arp_for),
            interface: (port.device, port.interface),
        })
    }

    fn is_active(&self, port: Port, group: usize) -> bool {
        let routing = self.routing.device(port.device);
        bug(45) || routing.is_some_and(|routing| routing.is_active(port.interface, group))
    }

    pub(super) fn facts(&self, device: DeviceId) -> Option<&Facts<'n, A>> {
        self.devices.get(device.index()).map(|facts| &**facts)
    }

    pub(super) fn link_id(&self, port: Port) -> Option<LinkId> {
        self.joins.link_of.get(&port).copied()
    }

    pub(super) fn link(&self, id: LinkId) -> Option<&LinkFacts<A>> {
        self.joins.links.get(id.0 as usize)
    }

    /// Returns the ports that may receive what `sender` sends to an address.
    pub(super) fn receivers(&self, sender: Port, address: IpAddr) -> Vec<Port> {
        let Some(link) = self.link_id(sender).and_then(|id| self.link(id)) else {
            return Vec::new();
        };
        if let Some(other) = self.tunnel_end(sender, link) {
            return other.into_iter().collect();
        }
        let others = || link.ports.iter().filter(|other| other.port != sender);
        let owners: Vec<Port> = others()
            .filter(|other| self.owns_on(other, address))
            .map(|other| other.port)
            .collect();
        if !owners.is_empty() {
            return owners;
        }
        let proxies = |other: &&LinkPort<A>| {
            let interface = self.network.interface(other.port);
            interface.is_some_and(|interface| interface.answers_arp_for.contains(address))
        };
        others().filter(proxies).map(|other| other.port).collect()
    }

    /// Cuts the hosts of a segment into those that use the same gateways.
    pub(super) fn gateways_of(
        &self,
        port: Port,
        hosts: &Intervals<A>,
    ) -> Vec<(Intervals<A>, Vec<Port>)> {
        let alone = [port];
        let link = self.network.link_of(port);
        let ports = link.map_or(alone.as_slice(), |link| link.ports.as_slice());
        let interfaces = ports
            .iter()
            .filter_map(|port| self.network.interface(*port));
        let nets = interfaces.flat_map(|interface| &interface.addresses);
        // Hosts in the same prefixes have the same gateways.
        let mut parts = vec![hosts.clone()];
        for net in nets {
            let net = addresses_of::<A>(&net.net.trunc().into());
            let mut cut = Vec::with_capacity(parts.len() + 1);
            for part in parts {
                cut.push(part.and(&net));
                cut.push(part.and(&net.not(A::MAX)));
            }
            cut.retain(|part| !part.is_empty());
            parts = cut;
        }
        let mut found: Vec<(Intervals<A>, Vec<Port>)> = Vec::new();
        for part in parts {
            let Some((first, _)) = part.parts().first() else {
                continue;
            };
            let used = gateways(self.network, self.routing, port, first.to_ip());
            match found.iter_mut().find(|(_, known)| *known == used) {
                Some((known, _)) => *known = known.or(&part),
                None => found.push((part, used)),
            }
        }
        found
    }

    fn owns_on(&self, at: &LinkPort<A>, address: IpAddr) -> bool {
        if let Some(number) = A::from_ip(address) {
            return at.own.contains(number);
        }
        let (device, interface) = at.interface;
        let port = Port { device, interface };
        self.network.interface(port).is_some_and(|interface| {
            let mut groups = interface.redundancy.iter().enumerate();
            interface.has_address(address)
                || groups.any(|(index, group)| {
                    group.addresses.contains(&address) && self.is_active(port, index)
                })
        })
    }

    /// Returns who is at the other end, where the port is a tunnel between two.
    ///
    /// The outer `None` is for what is no such tunnel.
    pub(super) fn tunnel_end(&self, sender: Port, link: &LinkFacts<A>) -> Option<Option<Port>> {
        let interface = self.network.interface(sender)?;
        let between_two = matches!(interface.kind, InterfaceKind::Tunnel(_)) && link.joined == 2;
        between_two.then(|| {
            link.ports
                .iter()
                .map(|other| other.port)
                .find(|port| *port != sender)
        })
    }
}

impl<'n, A: Address> Facts<'n, A> {
    fn new(device: &'n Device, routing: Option<&'n DeviceRouting>, routes: Arc<Routes<A>>) -> Self {
        let mut facts = Self {
            device,
            routing,
            routes,
            stages: [Stage::Ingress, Stage::Local, Stage::Output, Stage::Egress].map(|stage| {
                device
                    .hooks
                    .iter()
                    .filter(|hook| hook.stage == stage)
                    .collect()
            }),
            reads: Reads::of_chains(device),
            reflects: reflect_names(device),
            reads_connection: false,
            reads_mark: false,
            entering_matters: false,
            sessions_matter: false,
            unread: Vec::new(),
            unread_interfaces: FxHashMap::default(),
            unread_forwarding: Vec::new(),
        };
        facts.note_reads();
        facts.note_unread();
        facts
    }

    /// Tells whether packets pass the places of the device in the same way as
    /// another, whatever its chains do.
    pub(super) fn passes_as(&self, other: &Self) -> bool {
        let places = |facts: &Self| {
            let Self {
                reads_connection,
                reads_mark,
                entering_matters,
                sessions_matter,
                ..
            } = *facts;
            (
                reads_connection,
                reads_mark,
                entering_matters,
                sessions_matter,
            )
        };
        // Lines that moved change nothing.
        let hooks = |facts: &Self| -> Vec<Hook> {
            let hooks = facts.device.hooks.iter().cloned();
            hooks
                .map(|hook| Hook {
                    origin: None,
                    ..hook
                })
                .collect()
        };
        let unread = |facts: &'_ Self| -> Vec<_> {
            let unread = facts.device.unread.iter();
            unread
                .map(|line| (line.touches.clone(), line.reason.clone()))
                .collect()
        };
        let active = |facts: &'_ Self| facts.routing.map(|routing| routing.active.clone());
        places(self) == places(other)
            && hooks(self) == hooks(other)
            && unread(self) == unread(other)
            && active(self) == active(other)
            && self.reflects == other.reflects
    }

    /// Returns the destinations that are routed in another way than by another
    /// device's tables, where nothing but the destination matters for that.
    pub(super) fn rerouted(&self, other: &Self) -> Option<Intervals<A>> {
        if Arc::ptr_eq(&self.routes, &other.routes) {
            return Some(Intervals::none());
        }
        let plain = |facts: &Self| routed_by_destination(facts.device);
        if !plain(self) || !plain(other) || unknown_routes(self.routing, other.routing) {
            return None;
        }
        self.routes.differing(&other.routes)
    }

    fn note_reads(&mut self) {
        let policies = self.device.vrfs.iter().filter_map(|vrf| vrf.policy_routing);
        let policies = policies.fold(Reads::default(), |reads, chain| {
            reads.or(self.reads_of(chain))
        });
        let of = |wanted: &dyn Fn(&Hook) -> bool| {
            let hooks = self.device.hooks.iter().filter(|hook| wanted(hook));
            hooks.fold(Reads::default(), |reads, hook| {
                reads.or(self.reads_of(hook.chain))
            })
        };
        let all = of(&|_| true).or(policies);
        let late = of(&|hook| matches!(hook.stage, Stage::Local | Stage::Egress)).or(policies);
        let scoped = self.device.hooks.iter().any(|hook| {
            let late = matches!(hook.stage, Stage::Local | Stage::Egress);
            let translates_locally =
                hook.stage == Stage::Local && hook.kind == HookKind::Translation;
            late && hook.scope.enters.is_some() || translates_locally
        });
        let sessions = &self.device.sessions;
        let skips = self
            .device
            .hooks
            .iter()
            .any(|hook| hook.established == crate::model::Established::Skip);
        let out_of_state = sessions.tcp_out_of_state != OutOfState::New
            || sessions.icmp_out_of_state != OutOfState::New;
        self.reads_connection = all.connection;
        self.reads_mark = all.mark;
        self.entering_matters = late.enters || scoped;
        self.sessions_matter = skips || all.connection || out_of_state;
    }

    fn note_unread(&mut self) {
        for unread in &self.device.unread {
            let unknown = Unknown {
                origin: unread.origin,
                reason: unread.reason.clone(),
            };
            match &unread.touches {
                Touches::Device => named(&mut self.unread, unknown),
                Touches::Interface(id) => {
                    named(self.unread_interfaces.entry(*id).or_default(), unknown);
                }
                Touches::Forwarding { vrf, destinations } => {
                    let all = Intervals::range(A::ZERO, A::MAX);
                    let part = destinations.map_or(all, |net| addresses_of(&net.into()));
                    self.unread_forwarding.push((*vrf, part, unknown));
                }
                // Already in the forwarding tables.
                Touches::Routing(_) => {}
            }
        }
    }

    pub(super) fn reads_of(&self, chain: crate::model::ChainId) -> Reads {
        self.reads.get(chain.index()).copied().unwrap_or_default()
    }

    pub(super) fn is_host(&self) -> bool {
        self.device.kind == DeviceKind::Host
    }

    pub(super) fn tracks_all(&self) -> bool {
        self.device.sessions.tracking == Tracking::All
    }

    pub(super) fn own(&self, vrf: VrfId) -> Option<&Intervals<A>> {
        self.routes.own.get(vrf.index())
    }

    pub(super) fn fib(&self, vrf: VrfId) -> Option<&Table<A>> {
        self.routes.fibs.get(vrf.index())
    }

    pub(super) fn table(&self, table: TableId) -> Option<&Table<A>> {
        self.routes.tables.get(table.index())
    }

    pub(super) fn vrf_routing(&self, vrf: VrfId) -> Option<&'n VrfRouting> {
        self.routing.and_then(|routing| routing.vrf(vrf))
    }

    /// Returns what could add routes to a VRF that are not in its table.
    pub(super) fn unknown_routes(&self, vrf: VrfId) -> &'n [Unknown] {
        self.vrf_routing(vrf)
            .map_or(&[], |routing| &routing.unknown)
    }

    /// Returns the spare routes of a prefix that leave by an interface.
    pub(super) fn spare(
        &self,
        vrf: VrfId,
        prefix: IpNet,
        interface: InterfaceId,
    ) -> impl Iterator<Item = &'n SpareRoute> {
        self.vrf_routing(vrf)
            .into_iter()
            .flat_map(|routing| &routing.spare)
            .filter(move |spare| spare.prefix == prefix && spare.interface == interface)
    }

    pub(super) fn hooks(&self, stage: Stage) -> &[&'n Hook] {
        let [ingress, local, output, egress] = &self.stages;
        match stage {
            Stage::Ingress => ingress,
            Stage::Local => local,
            Stage::Output => output,
            Stage::Egress => egress,
        }
    }

    /// Returns before which hook of a stage translation is undone.
    pub(super) fn restoring_place(&self, stage: Stage) -> usize {
        let hooks = self.hooks(stage);
        let first = hooks
            .iter()
            .position(|hook| hook.kind == HookKind::Translation);
        first.unwrap_or(match stage {
            Stage::Ingress | Stage::Output => hooks.len(),
            Stage::Egress | Stage::Local => 0,
        })
    }

    pub(super) fn unread_at(&self, interface: InterfaceId) -> &[Unknown] {
        self.unread_interfaces
            .get(&interface)
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the destinations of a VRF that unread lines could redirect.
    pub(super) fn unread_destinations(
        &self,
        vrf: VrfId,
    ) -> impl Iterator<Item = (&Intervals<A>, &Unknown)> {
        let of_vrf = self
            .unread_forwarding
            .iter()
            .filter(move |(at, _, _)| *at == vrf);
        of_vrf.map(|(_, part, unknown)| (part, unknown))
    }
}

/// Adds a line to those named, where they are not too many.
fn named(causes: &mut Vec<Unknown>, unknown: Unknown) {
    if causes.len() < UNREAD_NAMED_MAX {
        causes.push(unknown);
    }
}

pub(super) fn intervals_of<A: Address>(addresses: impl Iterator<Item = IpAddr>) -> Intervals<A> {
    Intervals::of(
        addresses
            .filter_map(A::from_ip)
            .map(|address| (address, address))
            .collect(),
    )
}

/// The addresses of a set that can be told; none of a wildcard too scattered.
///
/// Sets of what a port answers for, and of unread routes, are prefixes and ranges.
pub(super) fn addresses_of<A: Address>(set: &AddressSet) -> Intervals<A> {
    Intervals::addresses(set).unwrap_or_default()
}

/// Returns the names of reflexive lists that the device's rules fill or ask for.
fn reflect_names(device: &Device) -> Vec<&str> {
    let mut names = Vec::new();
    for rule in device.chains.iter().flat_map(|chain| &chain.rules) {
        if let crate::model::Action::Accept(SessionEffect::Reflect(name)) = &rule.action {
            names.push(name.as_str());
        }
        let mut left = vec![&rule.condition];
        while let Some(condition) = left.pop() {
            match condition {
                Condition::All(parts) | Condition::Any(parts) => left.extend(parts),
                Condition::Not(part) => left.push(part),
                Condition::Reflected(name) => names.push(name.as_str()),
                _ => {}
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Tells whether a table's entry sends packets out by an interface.
pub(super) fn leaves_by(action: &FibAction, interface: InterfaceId) -> bool {
    matches!(action, FibAction::Forward(hops) if hops.iter().any(|hop| hop.interface == interface))
}
