//! Routing protocols that are recognised and not modelled.

use super::Domain;
use crate::fortios::reading::Node;
use networks::model::{LineState, Touches, VrfId};

/// Sections, and the tables or settings without which the protocol does not run.
const PROTOCOLS: &[(&str, &[&str])] = &[
    ("router rip", &["network", "neighbor", "interface"]),
    ("router ripng", &["network", "neighbor", "interface"]),
    ("router isis", &["isis-net", "isis-interface"]),
    ("router ospf6", &["ospf6-interface"]),
];

impl Domain<'_> {
    /// Says what protocols that run might install.
    pub(super) fn read_other_protocols(&mut self) {
        for (name, needs) in PROTOCOLS {
            let Some(section) = self.section(name) else {
                continue;
            };
            let runs = needs
                .iter()
                .filter_map(|need| section.table(need))
                .any(|table| !table.is_empty());
            section.rest_harmless();
            for table in section.tables() {
                table.all_entries().for_each(Node::rest_harmless);
                table
                    .all_entries()
                    .for_each(|entry| entry.mark(LineState::NotModelledHarmless));
                table.rest_harmless();
            }
            if runs {
                section.mark(LineState::NotModelledCouldMatter);
                if let Some(vrf) = self.vrf_mut(VrfId::DEFAULT) {
                    vrf.unmodelled_protocols.push(section.span);
                }
                let touches = Touches::Routing(VrfId::DEFAULT);
                self.unread(section.span, touches, format!("`{name}` is not modelled"));
            }
        }
    }
}
