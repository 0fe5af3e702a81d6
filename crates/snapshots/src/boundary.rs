//! Declared links between networks: which interfaces they name.

use crate::snapshot::{ExternalLink, Snapshot, codes};
use findings::{Finding, Severity, Span};
use networks::model::{DeviceId, InterfaceId, Network, Port};
use region::files::{BoundaryPeer, Gateway};
use region::{
    AssumptionName, AttachmentName, DeviceName, InterfaceName, NetworkName, Region, Spanned,
};
use std::collections::BTreeMap;

/// An attachment of a cloud: network, assumption, attachment.
pub(crate) type CloudPort = (NetworkName, AssumptionName, AttachmentName);

/// What the boundary links name, as far as it is there.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// Pairs of interfaces of two networks.
    pub(crate) pairs: Vec<(Port, Port)>,
    /// Interfaces at attachments of clouds.
    pub(crate) at_clouds: BTreeMap<CloudPort, Vec<Port>>,
}

/// Devices by area and name.
type Names = BTreeMap<(u32, String), DeviceId>;

/// Finds the interface that people mean by a name: exactly that, else the one
/// whose name it shortens (`Gi0/2` for `GigabitEthernet0/2`), without regard to case.
pub(crate) fn interface(network: &Network, device: DeviceId, name: &str) -> Option<InterfaceId> {
    let device = network.device(device)?;
    if let Some(exact) = device.interface_named(name) {
        return Some(exact);
    }
    let split = |name: &str| {
        let at = name
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(name.len());
        let (kind, number) = name.split_at_checked(at)?;
        Some((kind.trim().to_lowercase(), number.to_lowercase()))
    };
    let (kind, number) = split(name)?;
    if kind.is_empty() {
        return None;
    }
    let mut meant = device.interfaces().filter(|(_, interface)| {
        split(&interface.name).is_some_and(|(own_kind, own_number)| {
            own_number == number && own_kind.starts_with(&kind)
        })
    });
    let (first, second) = (meant.next(), meant.next());
    first.filter(|_| second.is_none()).map(|(id, _)| id)
}

/// Finds the interfaces that boundary links name. What is not there is a finding.
pub(crate) fn resolve(
    region: &Region,
    snapshot: &mut Snapshot,
    areas: &BTreeMap<NetworkName, u32>,
    names: &Names,
) -> Ends {
    let mut ends = Ends::default();
    for network in region.networks.values() {
        let owner = network.about.owner.as_str();
        for (_, link) in network.about.boundary.iter() {
            let mut look = Look {
                snapshot,
                areas,
                names,
                owner,
            };
            let local = &link.local;
            let local = look.port(&network.name, &local.device, &local.interface);
            match &link.peer {
                BoundaryPeer::Device(remote) => {
                    let remote =
                        look.port(&remote.network.value, &remote.device, &remote.interface);
                    if let (Some(local), Some(remote)) = (local, remote) {
                        ends.pairs.push((local, remote));
                    }
                }
                BoundaryPeer::Cloud(end) => {
                    let key = (
                        end.network.value.clone(),
                        end.assumption.value.clone(),
                        end.attachment.value.clone(),
                    );
                    if let Some(local) = local {
                        ends.at_clouds.entry(key).or_default().push(local);
                    }
                }
                BoundaryPeer::External(end) => {
                    if let Some(port) = local {
                        snapshot.externals.push(ExternalLink {
                            port,
                            name: end.name.value.clone(),
                            prefixes: end.prefixes.iter().map(|prefix| prefix.value).collect(),
                            span: end.name.span,
                            by: end.by.clone(),
                            until: end.until.value,
                        });
                    }
                }
            }
        }
    }
    ends
}

/// Returns the links: the interfaces of each pair, and those at each attachment.
pub(crate) fn links(ends: &Ends, clouds: &BTreeMap<CloudPort, Port>) -> Vec<Vec<Port>> {
    let pairs = ends
        .pairs
        .iter()
        .map(|&(local, remote)| vec![local, remote]);
    let at_clouds = ends.at_clouds.iter().filter_map(|(key, ports)| {
        let cloud = clouds.get(key)?;
        let mut all = vec![*cloud];
        all.extend(ports);
        Some(all)
    });
    pairs.chain(at_clouds).collect()
}

/// Looks whether the interfaces that segments name as gateways are there.
pub(crate) fn gateways(
    region: &Region,
    snapshot: &mut Snapshot,
    areas: &BTreeMap<NetworkName, u32>,
    names: &Names,
) {
    for (_, at) in region.segments() {
        let Some(Gateway::Interface(gateway)) = &at.segment.gateway else {
            continue;
        };
        let owner = region.owner_of(at.network);
        let owner = owner.map_or_else(|| at.network.to_string(), ToString::to_string);
        let mut look = Look {
            snapshot: &mut *snapshot,
            areas,
            names,
            owner: &owner,
        };
        look.port(at.network, &gateway.device, &gateway.interface);
    }
}

/// One look at what a network's file names.
struct Look<'a> {
    snapshot: &'a mut Snapshot,
    areas: &'a BTreeMap<NetworkName, u32>,
    names: &'a Names,
    owner: &'a str,
}

impl Look<'_> {
    /// Finds an interface, or notes that it is not there or turned off.
    fn port(
        &mut self,
        network: &NetworkName,
        device: &Spanned<DeviceName>,
        name: &Spanned<InterfaceName>,
    ) -> Option<Port> {
        // A network that no file describes has been told of by the region's own checks.
        let area = *self.areas.get(network)?;
        let Some(&id) = self.names.get(&(area, device.as_str().to_owned())) else {
            let here = self.names.keys().filter(|(of, _)| *of == area);
            let here: Vec<_> = here.map(|(_, name)| name.clone()).collect();
            let message = format!("there is no device `{}` in `{network}`", device.as_str());
            self.dangling(message, device.as_str(), device.span, &here);
            return None;
        };
        let configured = self.snapshot.network.device(id)?;
        if configured.interfaces.is_empty() {
            // Nothing of the device could be read, which has been told.
            return None;
        }
        let Some(at) = interface(&self.snapshot.network, id, name.as_str()) else {
            let interfaces = configured.interfaces.iter();
            let here: Vec<_> = interfaces.map(|interface| interface.name.clone()).collect();
            let wanted = name.as_str();
            let message = format!("`{}` has no interface `{wanted}`", device.as_str());
            self.dangling(message, wanted, name.span, &here);
            return None;
        };
        let port = Port {
            device: id,
            interface: at,
        };
        let settings = self.snapshot.network.interface(port)?;
        if settings.is_up() {
            return Some(port);
        }
        let message = format!("`{}` of `{}` is shut down", settings.name, device.as_str());
        let finding = Finding::new(codes::DECLARED_INTERFACE_DOWN, Severity::Warning, message)
            .at(name.span)
            .because("the interface", Some(settings.origin))
            .owned_by(self.owner)
            .with_hint("turn the interface on, or remove what names it");
        self.snapshot.findings.push(finding);
        None
    }

    /// Notes a name that stands for nothing, with the one `here` that was meant.
    fn dangling(&mut self, message: String, name: &str, span: Span, here: &[String]) {
        let finding = Finding::new(region::codes::REFERENCE_DANGLING, Severity::Error, message)
            .at(span)
            .owned_by(self.owner);
        let near = region::nearest(name, here.iter().map(String::as_str));
        self.snapshot.findings.push(match near {
            Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
            None => finding.with_hint("write the name as the configuration has it"),
        });
    }
}
