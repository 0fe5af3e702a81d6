//! What the unit remembers of packets: sessions, and how strictly it asks for them.

use super::{Domain, words};
use crate::fortios::version::Version;
use networks::model::{LineState, OutOfState, ReversePath, Touches, Tracking, VrfId};

impl<'a> Domain<'a> {
    /// Reads `system global`, `system settings` and `system ha`.
    pub(super) fn read_sessions(&mut self) {
        if let Some(global) = self.section("system global") {
            for key in ["hostname", "vdom-mode", "vdom-admin"] {
                global.setting(key);
            }
        }
        self.device.sessions.tracking = Tracking::Explicit;
        self.device.sessions.tcp_out_of_state = OutOfState::Drop;
        self.device.sessions.icmp_out_of_state = OutOfState::Drop;
        // Technical tip "Reverse path forwarding check not working for packets
        // in the reply direction".
        self.device.sessions.answers_unchecked = true;
        self.read_settings();
        self.read_cluster();
        // A packet that goes back by its interface needs no session, so that
        // such packets must come as far as the rule that lets them pass.
        let sessions = &mut self.device.sessions;
        let redirects = redirect_possible(self.global, self.version);
        if redirects || self.without_syn || self.half_shared.is_some() {
            for state in [
                &mut sessions.tcp_out_of_state,
                &mut sessions.icmp_out_of_state,
            ] {
                if *state == OutOfState::Drop {
                    *state = OutOfState::Invalid;
                }
            }
        }
        if let Some(global) = self.section("system global") {
            global.rest_harmless();
        }
    }

    /// CLI reference, `system settings`. With `asymroute`, TCP and ICMP that
    /// belong to no session are routed without asking any policy, and the
    /// reverse path is not checked (Fortinet technical tips "How the FortiGate
    /// behaves when asymmetric routing is enabled", "Details about RPF").
    fn read_settings(&mut self) {
        let mut strict = false;
        let mut unchecked = false;
        if let Some(settings) = self.section("system settings") {
            self.untellable_modes();
            unchecked = settings.flag("asymroute").unwrap_or(false);
            let unchecked6 = settings.flag("asymroute6").unwrap_or(false);
            let icmp = settings.flag("asymroute-icmp").unwrap_or(false);
            settings.setting("asymroute6-icmp");
            strict = settings.flag("strict-src-check").unwrap_or(false);
            if unchecked {
                self.device.sessions.tcp_out_of_state = OutOfState::Bypass;
                self.device.sessions.origin = Some(settings.span_of("asymroute"));
            }
            if unchecked || icmp {
                self.device.sessions.icmp_out_of_state = OutOfState::Bypass;
            }
            if unchecked != unchecked6 {
                let touches = Touches::Forwarding {
                    vrf: VrfId::DEFAULT,
                    destinations: words::joined_net("::/0"),
                };
                let key = if unchecked { "asymroute" } else { "asymroute6" };
                let reason = "asymmetric routing is on for one family only";
                self.unread(settings.span_of(key), touches, reason);
            }
            self.without_syn = settings.flag("tcp-session-without-syn").unwrap_or(false);
            if let Some(paths) = settings.parsed("ecmp-max-paths") {
                for vrf in &mut self.device.vrfs {
                    vrf.multipath_max = paths;
                }
            } else {
                self.default_paths();
            }
            settings.rest_harmless();
        } else {
            self.default_paths();
        }
        let own: Vec<bool> = self.source_checks();
        for (interface, checked) in self.device.interfaces.iter_mut().zip(own) {
            // Default routes count (technical note "Reverse Path Forwarding
            // implementation and use of strict-src-check").
            interface.reverse_path = match (checked && !unchecked, strict) {
                (false, _) => None,
                (true, true) => Some(ReversePath::Strict {
                    default_counts: true,
                }),
                (true, false) => Some(ReversePath::Feasible {
                    default_counts: true,
                }),
            };
        }
    }

    /// CLI reference, `system settings`: `ecmp-max-paths` is 255 by default.
    fn default_paths(&mut self) {
        for vrf in &mut self.device.vrfs {
            vrf.multipath_max = 255;
        }
    }

    /// Returns, for each interface, whether it checks sources (`src-check`).
    fn source_checks(&self) -> Vec<bool> {
        let section = self.section("system interface");
        let checked = |name: &str| {
            let entry = section.and_then(|section| section.entry(name));
            entry.is_none_or(|entry| entry.flag("src-check").unwrap_or(true))
        };
        self.device
            .interfaces
            .iter()
            .map(|interface| checked(&interface.name))
            .collect()
    }

    /// Ways of working in which policies mean something else altogether.
    fn untellable_modes(&mut self) {
        let Some(settings) = self.section("system settings") else {
            return;
        };
        for (key, usual, reason) in [
            ("opmode", "nat", "transparent mode is not modelled"),
            (
                "ngfw-mode",
                "profile-based",
                "policies by application are not modelled",
            ),
            ("status", "enable", "the virtual domain is off"),
            (
                "vdom-type",
                "traffic",
                "the virtual domain is of a special type",
            ),
        ] {
            if let Some(setting) = settings.setting(key)
                && setting
                    .values
                    .first()
                    .is_some_and(|word| word.text != usual)
            {
                setting.mark(LineState::NotModelledCouldMatter);
                self.unread(setting.span, Touches::Device, reason);
            }
        }
    }

    /// A cluster is one device. Units that stand side by side (FGSP) share
    /// their sessions with `session-pickup`, and those without connections only
    /// with `session-pickup-connectionless` (administration guide, "FGSP
    /// session synchronization").
    fn read_cluster(&mut self) {
        let Some(ha) = self.section("system ha") else {
            return;
        };
        let pickup = ha.flag("session-pickup").unwrap_or(false);
        let every = ha.flag("session-pickup-connectionless").unwrap_or(false);
        let peers = ["system cluster-sync", "system standalone-cluster"];
        let beside = peers
            .iter()
            .filter_map(|name| self.section(name))
            .find(|section| !section.is_empty());
        let mode = ha.word("mode").unwrap_or("standalone");
        let group = match beside {
            Some(section) => {
                let group = section.word("standalone-group-id").unwrap_or("0");
                Some(format!("fgsp {group}"))
            }
            None if mode != "standalone" => {
                let group = ha.word("group-name").or_else(|| ha.word("group-id"));
                Some(format!("cluster {}", group.unwrap_or("0")))
            }
            None => None,
        };
        if let Some(group) = group.filter(|_| pickup) {
            if every || beside.is_none() {
                self.device.sessions.shared = Some(format!("{group} {}", self.name));
            } else {
                self.half_shared = Some(ha.span_of("session-pickup"));
            }
        }
        if ha.flag("ha-mgmt-status") == Some(true) {
            let reserved = ha.table("ha-mgmt-interfaces");
            for entry in reserved
                .into_iter()
                .flat_map(crate::fortios::reading::Node::entries)
            {
                let word = entry.list("interface").first();
                let id = word.and_then(|word| self.interfaces.get(word.text.as_str()).copied());
                if let Some(id) = id {
                    let reason = "the interface is kept for management";
                    self.unread(entry.span, Touches::Interface(id), reason);
                }
                entry.rest_harmless();
            }
        }
        ha.rest_harmless();
        for name in peers {
            if let Some(section) = self.section(name) {
                section.rest_harmless();
                for entry in section.entries() {
                    entry.rest_harmless();
                }
            }
        }
    }
}

/// Tells whether packets may go back by their interface without a policy.
fn redirect_possible(global: &crate::fortios::reading::Node, version: Option<Version>) -> bool {
    let system = global.table("system global");
    let off_by_default =
        version.is_some_and(|version| version.has(&[Version(7, 4, 10), Version(7, 6, 5)]));
    ["allow-traffic-redirect", "ipv6-allow-traffic-redirect"]
        .iter()
        .any(|key| {
            let set = system.and_then(|system| system.flag(key));
            set.unwrap_or(!off_by_default)
        })
}
