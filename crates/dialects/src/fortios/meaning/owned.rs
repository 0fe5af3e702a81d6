//! External addresses of virtual IPs and IP pools as addresses of the unit.
//!
//! Administration guide, "IP pools and VIPs as local IP addresses": while the
//! unit answers ARP for them they are its own, used or not, and what comes to
//! them untranslated is not routed. Technical tip "IP pool and virtual IP
//! behavior changes in FortiOS 6.4, 7.0, 7.2, and 7.4" tells in which versions.

use super::{Domain, all, unknown_action};
use crate::fortios::version::Version;
use findings::Span;
use networks::model::{Action, Condition, RouteAction, Rule};
use packets::{AddressMatch, AddressSet, Protocol};
use std::net::IpAddr;

impl Domain<'_> {
    /// Adds the rules that keep packets for such addresses from being routed.
    /// Whether the unit answers a ping of them is not told.
    pub(super) fn add_owned(&mut self, rules: &mut Vec<Rule>) {
        let owned = self.version.map(|version| {
            let not = [Version(6, 4, 9), Version(7, 0, 1)];
            let again = [
                Version(6, 4, 16),
                Version(7, 0, 13),
                Version(7, 2, 6),
                Version(7, 4, 1),
            ];
            !version.has(&not) || version.has(&again)
        });
        if owned == Some(false) {
            return;
        }
        let mut ranges = self.external_addresses();
        ranges.extend(self.pool_addresses());
        let Some(&(_, _, first)) = ranges.first() else {
            return;
        };
        let set = |ranges: &[(IpAddr, IpAddr, Span)]| {
            let ranges = ranges.iter().map(|&(a, b, _)| AddressMatch::Range(a, b));
            Condition::Destination(AddressSet(ranges.collect()))
        };
        if owned.is_none() {
            let reason = "whether the unit takes it for its own address depends on the version";
            rules.push(Rule {
                condition: set(&ranges),
                action: unknown_action(first, reason),
                origin: first,
            });
            return;
        }
        rules.push(Rule {
            condition: all([set(&ranges), Condition::Protocol(vec![Protocol::ICMP])]),
            action: unknown_action(first, "whether the unit answers for the address"),
            origin: first,
        });
        for range in ranges {
            if self.afford() {
                rules.push(Rule {
                    condition: set(&[range]),
                    action: Action::Route(RouteAction::Discard),
                    origin: range.2,
                });
            }
        }
    }
}
