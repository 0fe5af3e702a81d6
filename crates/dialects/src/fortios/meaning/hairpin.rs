//! Packets to virtual IPs that turn back inside the unit.

use super::nat::{NAT_MASK, push_ported};
use super::vips::VIP_MASK;
use super::{Domain, REFERENCES_MAX, all, not, unknown_action};
use networks::model::{AddressRewrite, Condition, InterfaceId, InterfaceSet, Rule};
use packets::{AddressSet, Family};
use std::collections::BTreeMap;
use std::net::IpAddr;

impl Domain<'_> {
    /// Returns the interfaces by which packets come to a virtual IP without a
    /// turn: `extintf`, or with `any` those whose own address it is (technical
    /// tip "Configuring Hairpin NAT (VIP)", example 1); `None` for every one.
    pub(super) fn home_of(
        &mut self,
        interfaces: Option<&[InterfaceId]>,
        external: &[(IpAddr, IpAddr)],
    ) -> Option<InterfaceSet> {
        if let Some(ids) = interfaces {
            return Some(InterfaceSet::new(ids.iter().copied()));
        }
        let mut owners = Vec::new();
        for &(first, last) in external.iter().filter(|(first, last)| first <= last) {
            let found: Vec<InterfaceId> = self
                .vips
                .owners
                .range(first..=last)
                .map(|(_, id)| *id)
                .take(REFERENCES_MAX.saturating_sub(self.references.get()))
                .collect();
            for id in found {
                if self.afford() {
                    owners.push(id);
                }
            }
        }
        (!owners.is_empty()).then(|| InterfaceSet::new(owners))
    }

    /// Returns the addresses of the interfaces.
    pub(super) fn own_addresses(&self) -> BTreeMap<IpAddr, InterfaceId> {
        let interfaces = self.device.interfaces();
        interfaces
            .flat_map(|(id, interface)| {
                let own = interface.addresses.iter();
                own.map(move |own| (own.net.addr(), id))
            })
            .collect()
    }

    /// Adds the rules for what a virtual IP sends back by the interface it came
    /// by: without translation by the policy its source becomes the address of
    /// that interface, unless `snat-hairpin-traffic` is off (technical tip
    /// "Firewall is performing SNAT even though no NAT is configured in the
    /// firewall policy").
    pub(super) fn hairpin_rules(&self, rules: &mut Vec<Rule>) {
        let settings = self.section("system settings");
        let key = "snat-hairpin-traffic";
        let in_force = self.vips.any_used() || self.central_nat() && !self.vips.is_empty();
        if !in_force || settings.and_then(|found| found.flag(key)) == Some(false) {
            return;
        }
        let origin = settings.map_or(self.top, |found| found.span_of(key));
        let mark = |mask| Condition::Mark { mask, value: 0 };
        for (id, interface) in self.device.interfaces() {
            let here = InterfaceSet::new([id]);
            let back = all([
                not(mark(VIP_MASK)),
                mark(NAT_MASK),
                Condition::EntersBy(here.clone()),
                Condition::LeavesBy(here),
            ]);
            let mut own = interface.addresses.iter().map(|own| own.net.addr());
            if own.any(|own| own.is_ipv4()) && !self.central_nat() {
                let four = Condition::Source(AddressSet::all_of(Family::V4));
                let rewrite = AddressRewrite::InterfaceAddress;
                push_ported(&rewrite, false, all([back.clone(), four]), origin, rules);
            }
            rules.push(Rule {
                condition: back,
                action: unknown_action(origin, "what becomes of a source that turns back"),
                origin,
            });
        }
    }
}
