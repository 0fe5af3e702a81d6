//! What processes take from other protocols.

use super::super::super::doubt::Doubt;
use super::super::super::policy::{Expressions, Policies, Subject, is_from};
use super::super::super::table::{Candidate, Offer, Table};
use super::super::ports::Processes;
use super::External;
use crate::forwarding::RouteProtocol;
use crate::model::{
    Device, Network, NextHop, OspfDefault, OspfMetricType, OspfRange, Port, Redistribution,
    RouteSource,
};
use ipnet::{IpNet, Ipv4Net};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// What one process redistributes, by prefix.
type Announced = BTreeMap<Ipv4Net, External>;

/// One process that redistributes.
struct Announcer<'a> {
    processes: &'a Processes<'a>,
    at: usize,
    device: &'a Device,
    table: &'a Table,
    policies: Policies<'a>,
}

/// Returns the external routes that all processes announce, by the tables as
/// they stand.
pub(in super::super) fn announced(
    processes: &Processes<'_>,
    network: &Network,
    tables: &[Vec<Table>],
    expressions: &Expressions,
) -> Vec<External> {
    let mut externals = Vec::new();
    for (at, process) in processes.all.iter().enumerate() {
        let settings = process.settings;
        if settings.redistributions.is_empty() && settings.default_originate.is_none() {
            continue;
        }
        let table = tables
            .get(process.device.index())
            .and_then(|tables| tables.get(process.vrf.index()));
        let (Some(device), Some(table)) = (network.device(process.device), table) else {
            continue;
        };
        let announcer = Announcer {
            processes,
            at,
            device,
            table,
            policies: Policies::new(device, expressions),
        };
        let mut announced = Announced::new();
        for redistribution in &settings.redistributions {
            announcer.redistribute(redistribution, &mut announced);
        }
        let mut announced = summarised(announced, &settings.external_ranges);
        if let Some(default) = &settings.default_originate {
            announcer.originate_default(default, &mut announced);
        }
        externals.extend(announced.into_values());
    }
    externals
}

impl Announcer<'_> {
    fn redistribute(&self, redistribution: &Redistribution, announced: &mut Announced) {
        for (prefix, entry) in self.table.iter() {
            let IpNet::V4(prefix) = prefix else { continue };
            // IOS and FRR take a default only by `default-information originate`.
            if prefix.prefix_len() == 0 || !(redistribution.subnets || is_classful(prefix)) {
                continue;
            }
            let Some(candidate) = entry
                .routes
                .iter()
                .find(|candidate| self.takes(candidate, &redistribution.source))
            else {
                continue;
            };
            if let Some(mut external) = self.external(prefix, candidate, redistribution) {
                external.doubt.add(&entry.doubt);
                keep_least(announced, external);
            }
        }
    }

    /// Tells whether a route is of the source, and not of the process itself.
    fn takes(&self, candidate: &Candidate, source: &RouteSource) -> bool {
        let own = self.processes.all.get(self.at);
        if own.is_some_and(|own| candidate.offer == Offer::Ospf(own.index)) {
            return false;
        }
        if let (RouteProtocol::Connected, NextHop::Interface(interface), Some(own)) = (
            candidate.route.protocol,
            candidate.route.next_hop,
            self.processes.all.get(self.at),
        ) {
            let port = Port {
                device: own.device,
                interface,
            };
            let runs_here = self
                .processes
                .by_port
                .get(&port)
                .and_then(|&port| self.processes.ports.get(port))
                .is_some_and(|port| port.process == self.at);
            if runs_here {
                return false;
            }
        }
        // Internal BGP routes are not redistributed into an IGP unless told
        // (IOS `bgp redistribute-internal`): they would loop.
        if candidate.route.protocol == RouteProtocol::BgpInternal {
            return false;
        }
        is_from(&self.subject(candidate), source)
    }

    fn subject(&self, candidate: &Candidate) -> Subject {
        let mut subject = Subject::new(candidate.route.prefix, candidate.route.protocol);
        subject.metric = Some(candidate.route.metric);
        subject.tag = candidate.route.tag;
        if let Offer::Ospf(index) = candidate.offer {
            let own = self.processes.all.get(self.at);
            subject.process = own
                .and_then(|own| self.device.vrf(own.vrf))
                .and_then(|vrf| vrf.ospf.get(index))
                .map(|process| process.name.clone());
        }
        match candidate.route.next_hop {
            NextHop::Address(address) => subject.next_hop = Some(address),
            NextHop::Interface(interface) => subject.interface = Some(interface),
            NextHop::InterfaceAddress(interface, address) => {
                subject.interface = Some(interface);
                subject.next_hop = Some(address);
            }
            NextHop::Discard | NextHop::Vrf(_) | NextHop::VrfAddress(..) => {}
        }
        subject
    }

    fn external(
        &self,
        prefix: Ipv4Net,
        candidate: &Candidate,
        redistribution: &Redistribution,
    ) -> Option<External> {
        let mut subject = self.subject(candidate);
        subject.metric_type = Some(redistribution.metric_type);
        subject.tag = redistribution.tag.unwrap_or(subject.tag);
        let outcome = self.policies.apply(redistribution.policy, &mut subject);
        if !outcome.passes {
            return None;
        }
        let given = redistribution.metric.or(redistribution.metric_default);
        let metric = match given {
            Some(given) if !subject.metric_was_set => given,
            _ => subject.metric.unwrap_or(0),
        };
        let mut doubt = outcome.doubt;
        doubt.add(&candidate.doubt);
        doubt.add(&self.own_doubt());
        Some(External {
            from: self.at,
            prefix,
            metric_type: subject.metric_type.unwrap_or(redistribution.metric_type),
            metric,
            tag: subject.tag,
            forwarding: self.forwarding(candidate.route.next_hop),
            doubt,
            origin: Some(redistribution.origin),
        })
    }

    fn own_doubt(&self) -> Doubt {
        self.processes
            .all
            .get(self.at)
            .map(|process| process.doubt.clone())
            .unwrap_or_default()
    }

    /// The next hop, where it is on a network with a designated router that
    /// this process speaks on (RFC 2328 section 12.4.4.1).
    fn forwarding(&self, next_hop: NextHop) -> Option<Ipv4Addr> {
        let (NextHop::Address(IpAddr::V4(address))
        | NextHop::InterfaceAddress(_, IpAddr::V4(address))) = next_hop
        else {
            return None;
        };
        self.processes
            .ports
            .iter()
            .filter(|port| port.process == self.at && port.speaks() && port.is_transit())
            .any(|port| {
                port.subnet()
                    .is_some_and(|subnet| subnet.contains(&address))
            })
            .then_some(address)
    }

    fn originate_default(&self, default: &OspfDefault, announced: &mut Announced) {
        let own = self.processes.all.get(self.at).map(|process| process.index);
        let held = self.table.get(IpNet::V4(Ipv4Net::default()));
        let from_others = held.filter(|entry| {
            entry
                .routes
                .iter()
                .all(|candidate| Some(candidate.offer) != own.map(Offer::Ospf))
        });
        if !default.always && from_others.is_none() {
            return;
        }
        let mut doubt = self.own_doubt();
        if let Some(entry) = from_others.filter(|_| !default.always) {
            doubt.add(&entry.doubt);
        }
        let mut metric = default.metric;
        let mut metric_type = default.metric_type;
        if default.policy.is_some() {
            let Some((subject, reason)) = self.condition(default) else {
                return;
            };
            doubt.add(&reason);
            if let Some(set) = subject.metric.filter(|_| subject.metric_was_set) {
                metric = set;
            }
            metric_type = subject.metric_type.unwrap_or(metric_type);
        }
        announced.insert(
            Ipv4Net::default(),
            External {
                from: self.at,
                prefix: Ipv4Net::default(),
                metric_type,
                metric,
                tag: 0,
                forwarding: None,
                doubt,
                origin: Some(default.origin),
            },
        );
    }

    /// The policy of a default route is a condition: some route of the table
    /// must pass it.
    fn condition(&self, default: &OspfDefault) -> Option<(Subject, Doubt)> {
        let mut maybe: Option<(Subject, Doubt)> = None;
        for (_, entry) in self.table.iter() {
            let Some(candidate) = entry.routes.first() else {
                continue;
            };
            let mut subject = self.subject(candidate);
            let outcome = self.policies.apply(default.policy, &mut subject);
            if !outcome.passes {
                continue;
            }
            let mut doubt = outcome.doubt;
            doubt.add(&entry.doubt);
            if !doubt.exists() {
                return Some((subject, doubt));
            }
            maybe.get_or_insert((subject, doubt));
        }
        maybe
    }
}

/// Keeps one announcement a prefix: the one that counts least.
fn keep_least(announced: &mut Announced, external: External) {
    let rank = |external: &External| {
        (
            external.metric_type == OspfMetricType::External2,
            external.metric,
        )
    };
    match announced.get(&external.prefix) {
        Some(held) if rank(held) <= rank(&external) => {}
        _ => {
            announced.insert(external.prefix, external);
        }
    }
}

/// Replaces what falls in a range by the range (`summary-address`).
fn summarised(announced: Announced, ranges: &[OspfRange]) -> Announced {
    if ranges.is_empty() {
        return announced;
    }
    let mut result = Announced::new();
    for (prefix, external) in announced {
        let range = ranges
            .iter()
            .filter(|range| range.prefix.contains(&prefix))
            .max_by_key(|range| range.prefix.prefix_len());
        let Some(range) = range else {
            result.insert(prefix, external);
            continue;
        };
        if !range.advertise {
            continue;
        }
        let summary = External {
            prefix: range.prefix,
            metric: range.cost.unwrap_or(external.metric),
            forwarding: None,
            origin: Some(range.origin),
            ..external
        };
        keep_least(&mut result, summary);
    }
    result
}

/// Tells whether a prefix is a whole class A, B or C network.
fn is_classful(prefix: Ipv4Net) -> bool {
    let first = prefix.addr().octets()[0];
    let length = match first {
        0..128 => 8,
        128..192 => 16,
        _ => 24,
    };
    prefix.prefix_len() == length
}
