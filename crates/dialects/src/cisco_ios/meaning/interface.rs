//! Interfaces.

use super::super::config::{InterfaceConfig, Touch};
use super::super::words;
use super::{Builder, all_v6};
use ipnet::IpNet;
use networks::model::{
    Interface, InterfaceAddress, InterfaceId, InterfaceKind, SwitchPort, Tunnel,
};
use std::collections::BTreeMap;

/// How many policy maps are looked at for one interface.
const NESTED_POLICIES_MAX: usize = 64;

impl<'a> Builder<'_, 'a> {
    /// Makes the interfaces; their ids are the positions in the configuration.
    pub(super) fn interfaces(&mut self) {
        let config = self.config;
        for interface in &config.interfaces {
            let made = self.interface(interface);
            self.device.interfaces.push(made);
        }
        self.parents();
        self.bundles();
        for (interface, id) in config.interfaces.iter().zip((0u32..).map(InterfaceId)) {
            self.redundancy(interface, id);
            self.interface_unknowns(interface);
        }
    }

    fn interface(&mut self, from: &InterfaceConfig<'a>) -> Interface {
        let kind = self.kind(from);
        let mut made = Interface::new(from.name.clone(), kind, from.origin);
        made.description = from.description.map(str::to_owned);
        made.enabled = !from.shutdown;
        made.vrf = self.vrf_id(from.vrf, Some(from.origin));
        made.addresses = self.addresses_of(from);
        made.zone = from.zone.map(|(zone, _)| zone.to_owned());
        made.mtu = from.mtu;
        made.bandwidth_kbps = from
            .bandwidth
            .or_else(|| from.speed_mbps.map(|mbps| mbps.saturating_mul(1_000)))
            .or_else(|| words::default_bandwidth(&from.name));
        made.reverse_path = from.reverse_path.map(|(check, _)| check);
        made.switch_port = switch_port(from);
        made
    }

    fn kind(&mut self, from: &InterfaceConfig<'a>) -> InterfaceKind {
        if let Some(parent) = self.parent_of(&from.name) {
            return InterfaceKind::Subinterface {
                parent,
                vlan: from.vlan_tag,
            };
        }
        let kind = words::interface_type(&from.name);
        let number = from.name.get(kind.len()..).and_then(words::parse::<u16>);
        match (kind, number) {
            ("Vlan", Some(vlan)) => InterfaceKind::Vlan(vlan),
            ("Loopback", _) => InterfaceKind::Loopback,
            ("Port-channel", _) => InterfaceKind::Aggregate,
            ("Tunnel", _) => InterfaceKind::Tunnel(self.tunnel(from)),
            ("BVI" | "BDI", _) => InterfaceKind::Bridge,
            ("Null", _) => InterfaceKind::Null,
            _ => InterfaceKind::Physical,
        }
    }

    /// Returns the interface that another is a part of. The one before the
    /// point may not be written out.
    fn parent_of(&self, name: &str) -> Option<InterfaceId> {
        let (parent, _) = name.rsplit_once('.')?;
        self.interface_id(parent)
    }

    fn tunnel(&mut self, from: &InterfaceConfig<'a>) -> Tunnel {
        let tunnel = &from.tunnel;
        let source = tunnel.source.as_deref().unwrap_or_default();
        let local = source.first().and_then(|word| words::parse(word));
        let local_interface =
            words::whole_interface(source).and_then(|name| self.interface_id(&name));
        let mode = tunnel.mode.unwrap_or("gre");
        Tunnel {
            local,
            local_interface,
            remote: tunnel.destination,
            transport_vrf: self.vrf_id(tunnel.vrf.unwrap_or(super::DEFAULT_VRF), Some(from.origin)),
            encapsulation: if tunnel.protected && mode != "ipsec" {
                format!("{mode} in ipsec")
            } else {
                mode.to_owned()
            },
            key: tunnel.key,
        }
    }

    fn addresses_of(&mut self, from: &InterfaceConfig<'a>) -> Vec<InterfaceAddress> {
        let mut addresses = Vec::new();
        if let Some((net, origin)) = from.primary {
            addresses.push(InterfaceAddress {
                net: IpNet::V4(net),
                secondary: false,
                origin,
            });
        } else if let Some((name, origin)) = &from.unnumbered {
            let lender = self
                .config
                .interface_index
                .get(name)
                .and_then(|&at| self.config.interfaces.get(at));
            match lender.and_then(|lender| lender.primary) {
                // It has the address, and no prefix of its own.
                Some((net, _)) => addresses.push(InterfaceAddress {
                    net: IpNet::from(std::net::IpAddr::V4(net.addr())),
                    secondary: false,
                    origin: *origin,
                }),
                None => {
                    let reason = format!("`{name}` has no address to lend");
                    self.unread(*origin, &Touch::Interface(from.name.clone()), reason);
                }
            }
        }
        addresses.extend(
            from.secondary
                .iter()
                .map(|&(net, origin)| InterfaceAddress {
                    net: IpNet::V4(net),
                    secondary: true,
                    origin,
                }),
        );
        addresses.extend(from.ipv6.iter().map(|&(net, origin)| InterfaceAddress {
            net,
            secondary: false,
            origin,
        }));
        addresses
    }

    /// A part is down with the interface it is part of, and as fast.
    fn parents(&mut self) {
        let config = self.config;
        for (from, at) in config.interfaces.iter().zip(0usize..) {
            let Some(parent) = self.parent_of(&from.name) else {
                continue;
            };
            let Some((enabled, bandwidth)) = self
                .device
                .interface(parent)
                .map(|parent| (parent.enabled, parent.bandwidth_kbps))
            else {
                continue;
            };
            if let Some(interface) = self.device.interfaces.get_mut(at) {
                interface.enabled &= enabled;
                if from.bandwidth.is_none() {
                    interface.bandwidth_kbps = bandwidth.or(interface.bandwidth_kbps);
                }
            }
        }
    }

    /// Ports join their bundle, whose bandwidth is theirs together.
    fn bundles(&mut self) {
        let config = self.config;
        let mut sums: BTreeMap<InterfaceId, u64> = BTreeMap::new();
        for (from, at) in config.interfaces.iter().zip(0usize..) {
            let Some(number) = from.channel_group else {
                continue;
            };
            let Some(bundle) = self.interface_id(&format!("Port-channel{number}")) else {
                continue;
            };
            if let Some(port) = self.device.interfaces.get_mut(at) {
                port.aggregate = Some(bundle);
                if port.enabled {
                    let sum = sums.entry(bundle).or_default();
                    *sum = sum.saturating_add(port.bandwidth_kbps.unwrap_or_default());
                }
            }
        }
        for (bundle, sum) in sums {
            if let Some(interface) = self.device.interfaces.get_mut(bundle.index()) {
                interface.bandwidth_kbps = interface.bandwidth_kbps.or(Some(sum));
            }
        }
    }

    /// What of an interface is read and still not told.
    fn interface_unknowns(&mut self, from: &InterfaceConfig<'a>) {
        let touch = Touch::Interface(from.name.clone());
        if let Some((_, origin)) = from.reverse_path
            && (from.ipv6_enabled || !from.ipv6.is_empty())
        {
            let touch = Touch::Forwarding(from.vrf, Some(all_v6()));
            let reason = "the reverse-path check is for IPv4 alone".to_owned();
            self.unread(origin, &touch, reason);
        }
        for &(policy, origin) in &from.qos {
            match self.drops(policy) {
                None => self.undefined("policy map", policy, origin),
                Some(true) => {
                    let reason = "the policy map drops packets".to_owned();
                    self.unread(origin, &touch, reason);
                }
                Some(false) => {}
            }
        }
    }

    /// Tells whether a policy map drops packets by more than their rate;
    /// `None` where it is not defined.
    fn drops(&self, name: &'a str) -> Option<bool> {
        let mut seen = std::collections::BTreeSet::new();
        let mut left = vec![name];
        while let Some(next) = left.pop() {
            if !seen.insert(next) {
                continue;
            }
            // IOS nests three deep; what is larger is not followed.
            if seen.len() > NESTED_POLICIES_MAX {
                return Some(true);
            }
            match self.config.policy_maps.get(next) {
                Some(map) if map.drops.is_some() => return Some(true),
                Some(map) => left.extend(&map.nested),
                None if next == name => return None,
                None => {}
            }
        }
        Some(false)
    }
}

fn switch_port(from: &InterfaceConfig<'_>) -> Option<SwitchPort> {
    let port = &from.switch;
    if !port.present || port.routed {
        return None;
    }
    // Without a mode it negotiates; who configures a trunk's VLANs means one.
    let trunk = port
        .trunk
        .unwrap_or(port.access.is_none() && (port.allowed.is_some() || port.native.is_some()));
    Some(if trunk {
        SwitchPort::Trunk {
            allowed: port.allowed.clone().unwrap_or_else(|| vec![(1, 4094)]),
            native: port.native.unwrap_or(1),
        }
    } else {
        SwitchPort::Access(port.access.unwrap_or(1))
    })
}
