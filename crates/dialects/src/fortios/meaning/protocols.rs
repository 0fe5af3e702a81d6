//! Routing protocols that are recognised and not modelled.

use super::Domain;
use crate::fortios::reading::Node;
use networks::model::{LineState, Touches, VrfId};

impl Domain<'_> {
    /// Reads RIP and IS-IS, which run only where they name a network or an
    /// interface, as far as saying so.
    pub(super) fn read_other_protocols(&mut self) {
        for (name, starts) in [
            ("router rip", "network"),
            ("router ripng", "interface"),
            ("router isis", "isis-net"),
            ("router ospf", "network"),
            ("router ospf6", "ospf6-interface"),
            ("router bgp", "neighbor"),
        ] {
            let Some(section) = self.section(name) else {
                continue;
            };
            let runs = section.table(starts).is_some_and(|table| !table.is_empty());
            if runs {
                section.mark(LineState::NotModelledCouldMatter);
                if let Some(vrf) = self.vrf_mut(VrfId::DEFAULT) {
                    vrf.unmodelled_protocols.push(section.span);
                }
                let touches = Touches::Routing(VrfId::DEFAULT);
                self.unread(section.span, touches, format!("`{name}` is not modelled"));
            }
            section.rest_harmless();
            for table in section.tables() {
                for entry in table.all_entries().map(Node::rest_harmless) {
                    let () = entry;
                }
            }
        }
    }
}
