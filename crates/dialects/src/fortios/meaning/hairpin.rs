//! Packets to virtual IPs that turn back inside the unit.

use super::nat::{NAT_MASK, push_ported};
use super::vips::VIP_MASK;
use super::{Domain, all, not, unknown_action};
use networks::model::{AddressRewrite, Condition, InterfaceId, InterfaceSet, Rule};
use packets::{AddressSet, Family};
use std::net::IpAddr;

impl Domain<'_> {
    /// Returns the interfaces by which packets come to a virtual IP without a
    /// turn: `extintf`, or with `any` those whose own address it is (technical
    /// tip "Configuring Hairpin NAT (VIP)", example 1); `None` for every one.
    pub(super) fn home_of(
        &self,
        interfaces: Option<&[InterfaceId]>,
        external: &[(IpAddr, IpAddr)],
    ) -> Option<InterfaceSet> {
        if let Some(ids) = interfaces {
            return Some(InterfaceSet::new(ids.iter().copied()));
        }
        let owners = self.device.interfaces().filter(|(_, interface)| {
            let mut own = interface.addresses.iter().map(|own| own.net.addr());
            own.any(|own| {
                external.iter().any(|&(first, last)| {
                    first.is_ipv4() == own.is_ipv4() && (first..=last).contains(&own)
                })
            })
        });
        let owners: Vec<InterfaceId> = owners.map(|(id, _)| id).collect();
        (!owners.is_empty()).then(|| InterfaceSet::new(owners))
    }

    /// Adds the rules for what a virtual IP sends back by the interface it came
    /// by: without translation by the policy its source becomes the address of
    /// that interface, unless `snat-hairpin-traffic` is off (technical tip
    /// "Firewall is performing SNAT even though no NAT is configured in the
    /// firewall policy").
    pub(super) fn hairpin_rules(&self, rules: &mut Vec<Rule>) {
        let settings = self.section("system settings");
        let key = "snat-hairpin-traffic";
        if self.vips.is_empty() || settings.and_then(|found| found.flag(key)) == Some(false) {
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
