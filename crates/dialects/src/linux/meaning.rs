//! The host file as a device of the common model.

use super::host::{Host, HostInterface, INVALID};
use super::netfilter::{Base, Builder, NetfilterHook, Text};
use super::policy;
use super::routes::{self, Routes};
use findings::{Code, Finding, Severity, Span};
use ipnet::IpNet;
use networks::model::{
    Action, Condition, Device, DeviceKind, Interface, InterfaceAddress, InterfaceId, InterfaceKind,
    LineState, ReversePath, Rule, SessionEffect, Touches, Unread,
};
use packets::{AddressMatch, AddressSet, Family};
use std::net::IpAddr;

/// Several interfaces, and nothing says whether the device forwards.
const FORWARDING_UNSTATED: Code = Code::new("linux-forwarding-unstated");

/// Makes a device of the host file, ready for its rule sets. The states are
/// those of lines of routes and rules.
pub(super) fn build(
    host: &Host,
    text: &Text<'_>,
    has_rules: bool,
    has_rules6: bool,
) -> (Builder, Vec<(Span, LineState)>) {
    let path = text.source.path();
    let stem = path.rsplit('/').next().unwrap_or(path);
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    let name = host.name.as_deref().unwrap_or(stem);
    let device = Device::new(name, text.file, DeviceKind::Host);
    let mut builder = Builder::new(device, false);
    let whole = text.line(1);
    builder.findings.clone_from(&host.findings);
    for (span, reason) in &host.unread {
        builder.unread(*span, reason.clone());
    }
    for (named, given) in [(&host.rules, has_rules), (&host.rules6, has_rules6)] {
        if let (Some(path), false) = (named, given) {
            builder.unread(whole, format!("the rule set `{path}` was not given"));
        }
    }
    add_interfaces(&mut builder, host);
    forwarding(&mut builder, host, whole);
    reverse_paths(&mut builder, host);
    neighbours(&mut builder, host);
    let states = routing(&mut builder, host);
    (builder, states)
}

fn add_interfaces(builder: &mut Builder, host: &Host) {
    for written in &host.interfaces {
        builder.ensure_interface(&written.name, written.origin);
    }
    for written in &host.interfaces {
        let kind = interface_kind(builder, written);
        let Some(id) = builder.device.interface_named(&written.name) else {
            continue;
        };
        let Some(interface) = builder.device.interfaces.get_mut(id.index()) else {
            continue;
        };
        interface.description.clone_from(&written.description);
        interface.enabled = !written.shutdown;
        interface.mtu = written.mtu;
        interface.kind = kind;
        let mut families = Vec::new();
        for &(net, origin) in &written.prefixes {
            let family = Family::of(net.addr());
            interface.addresses.push(InterfaceAddress {
                net,
                secondary: families.contains(&family),
                origin,
            });
            families.push(family);
        }
    }
}

fn interface_kind(builder: &mut Builder, written: &HostInterface) -> InterfaceKind {
    if written.name == "lo" {
        return InterfaceKind::Loopback;
    }
    let Some((parent, origin)) = &written.parent else {
        return match written.vlan {
            Some(vlan) => InterfaceKind::Vlan(vlan),
            None => InterfaceKind::Physical,
        };
    };
    match builder.device.interface_named(parent) {
        Some(parent) => InterfaceKind::Subinterface {
            parent,
            vlan: written.vlan,
        },
        None => {
            let message = format!("interface `{parent}` is not one of the device's");
            let finding = Finding::new(INVALID, Severity::Error, message).at(*origin);
            builder.findings.push(finding);
            InterfaceKind::Physical
        }
    }
}

/// Whether the device forwards: by its own key, else by the kernel's setting,
/// else not, where it has one interface; with several it cannot be told.
fn forwarding(builder: &mut Builder, host: &Host, whole: Span) {
    let setting = |name: &str| {
        host.sysctls
            .get(name)
            .map(|&(value, span)| (value != 0, span))
    };
    let v4 = setting("net.ipv4.ip_forward").or_else(|| setting("net.ipv4.conf.all.forwarding"));
    let v6 = setting("net.ipv6.conf.all.forwarding");
    let v4 = host.forwarding.or(v4);
    let v6 = v6.or(host.forwarding);
    let on = |told: Option<(bool, Span)>| told.is_some_and(|(on, _)| on);
    if on(v4) || on(v6) {
        builder.device.kind = DeviceKind::Router;
        for (family, told) in [(Family::V4, v4), (Family::V6, v6)] {
            if !on(told) {
                let origin = told.map_or(whole, |(_, origin)| origin);
                stop_forwarding(builder, family, origin);
            }
        }
        return;
    }
    let joined = builder
        .device
        .interfaces
        .iter()
        .filter(|interface| interface.kind != InterfaceKind::Loopback)
        .count();
    if v4.is_none() && v6.is_none() && joined > 1 {
        builder.device.kind = DeviceKind::Router;
        let message = format!(
            "`{}` has several interfaces, and nothing says whether it forwards",
            builder.device.name
        );
        let finding = Finding::new(FORWARDING_UNSTATED, Severity::Warning, message)
            .at(whole)
            .with_hint("add `\"forwarding\": true` or `false` to the host file");
        builder.findings.push(finding);
        builder.unread(whole, "nothing says whether the device forwards");
    }
}

fn stop_forwarding(builder: &mut Builder, family: Family, origin: Span) {
    let name = "not forwarded".to_owned();
    let chain = builder.add_chain(name, Action::Accept(SessionEffect::None), origin);
    if let Some(chain) = builder.chain(chain) {
        chain.rules.push(Rule {
            condition: Condition::Source(AddressSet::all_of(family)),
            action: Action::Drop,
            origin,
        });
    }
    let base = Base {
        hook: NetfilterHook::Forward,
        priority: i32::MIN,
        chain,
        nat: false,
        origin,
    };
    builder.add_base(base, None);
}

/// `rp_filter` (Documentation/networking/ip-sysctl.rst): the greater of the
/// setting for all and that of the interface; 1 is strict, 2 is loose. It checks
/// IPv4 alone, which the common model does not tell apart: on interfaces with
/// IPv6 addresses it is not modelled.
fn reverse_paths(builder: &mut Builder, host: &Host) {
    let mut unread = Vec::new();
    for (id, interface) in (0u32..)
        .map(InterfaceId)
        .zip(&mut builder.device.interfaces)
    {
        let Some((value, origin)) = greater(host, &interface.name, "rp_filter") else {
            continue;
        };
        let check = match value {
            1 => ReversePath::Strict {
                default_counts: true,
            },
            2 => ReversePath::Loose {
                default_counts: true,
            },
            _ => continue,
        };
        if interface
            .addresses
            .iter()
            .any(|own| own.net.addr().is_ipv6())
        {
            unread.push(Unread {
                origin,
                touches: Touches::Interface(id),
                reason: "the reverse-path check is of IPv4 alone".to_owned(),
            });
        } else {
            interface.reverse_path = Some(check);
        }
    }
    builder.device.unread.extend(unread);
}

fn greater(host: &Host, interface: &str, setting: &str) -> Option<(i64, Span)> {
    let of = |scope: &str| {
        host.sysctls
            .get(&format!("net.ipv4.conf.{scope}.{setting}"))
            .copied()
    };
    // Names of VLAN interfaces hold a dot, which `sysctl` prints as a slash.
    let own = of(interface).or_else(|| of("default"));
    [of("all"), own]
        .into_iter()
        .flatten()
        .max_by_key(|&(value, _)| value)
}

/// Which addresses an interface answers ARP for (`arp_ignore`, `proxy_arp`): by
/// default any that the device has on whatever interface.
fn neighbours(builder: &mut Builder, host: &Host) {
    let own: Vec<(InterfaceId, IpNet)> = builder
        .device
        .interfaces()
        .flat_map(|(id, interface)| interface.addresses.iter().map(move |own| (id, own.net)))
        .collect();
    for (id, interface) in (0u32..)
        .map(InterfaceId)
        .zip(&mut builder.device.interfaces)
    {
        let value = |setting| greater(host, &interface.name, setting).map_or(0, |(value, _)| value);
        if value("proxy_arp") != 0 {
            interface.answers_arp_for = AddressSet::all_of(Family::V4);
        } else if value("arp_ignore") == 0 {
            interface.answers_arp_for = elsewhere(&own, id);
        }
    }
}

fn elsewhere(own: &[(InterfaceId, IpNet)], id: InterfaceId) -> AddressSet {
    AddressSet(
        own.iter()
            .filter(|(other, net)| *other != id && net.addr().is_ipv4())
            .map(|(_, net)| AddressMatch::Net(IpNet::from(net.addr())))
            .collect(),
    )
}

fn routing(builder: &mut Builder, host: &Host) -> Vec<(Span, LineState)> {
    let mut routes = Routes::default();
    for written in &host.interfaces {
        let Some(id) = builder.device.interface_named(&written.name) else {
            continue;
        };
        for &(gateway, origin) in &written.gateways {
            gateway_in_prefix(builder, id, gateway, origin);
            routes.add_gateway(id, gateway, origin);
        }
    }
    let mut states = routes::read_routes(builder, &mut routes, &host.routes, Family::V4);
    let tables = routes.finish(builder);
    let (rules, more) = policy::read_rules(builder, &tables, &host.policy, Family::V4);
    states.extend(more);
    let asks_marks = host.policy.iter().any(|(line, _)| line.contains("fwmark"));
    builder.marks_matter |= asks_marks;
    policy::install_rules(builder, rules);
    states
}

/// The kernel refuses a gateway that no prefix of the interface reaches.
fn gateway_in_prefix(builder: &mut Builder, id: InterfaceId, gateway: IpAddr, origin: Span) {
    let reached = builder
        .device
        .interface(id)
        .is_some_and(|interface: &Interface| {
            let link_local =
                matches!(gateway, IpAddr::V6(address) if address.is_unicast_link_local());
            link_local
                || interface
                    .addresses
                    .iter()
                    .any(|own| own.net.contains(&gateway))
        });
    if !reached {
        let message = format!("gateway `{gateway}` is in no prefix of its interface");
        let finding = Finding::new(INVALID, Severity::Error, message).at(origin);
        builder.findings.push(finding);
    }
}
