//! Exports that lost their indentation.
//!
//! IOS itself reads a configuration by mode, not by indentation: a command is
//! tried in the mode that is open, then in global mode. Where a block is
//! written without indentation, this says which lines are its own.

/// What modes are open in the part of a file that has no indentation.
#[derive(Debug, Default)]
pub(super) struct Modes {
    /// The mode the last unindented command opened, while nothing in it was indented.
    mode: Option<Mode>,
    /// Whether an address family of a router is open in it.
    family: bool,
}

/// The modes whose lines can be told from global commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Interface,
    AccessList,
    Router,
    RouteMap,
    Vlan,
    ObjectGroup,
    Vrf,
}

impl Modes {
    /// Returns how far a command counts as indented.
    pub(super) fn indent(&mut self, text: &str, indent: usize) -> usize {
        if indent > 0 {
            self.mode = None;
            return indent;
        }
        let mut words = text.split_ascii_whitespace();
        let words = [
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        ];
        if let Some(mode) = self.mode
            && belongs(mode, &words)
        {
            return self.within(mode, words[0]);
        }
        self.mode = opens(&words);
        self.family = false;
        0
    }

    fn within(&mut self, mode: Mode, first: &str) -> usize {
        let router = mode == Mode::Router || mode == Mode::Vrf;
        match first {
            "address-family" if router => {
                self.family = true;
                1
            }
            "exit-address-family" => {
                self.family = false;
                1
            }
            _ if self.family => 2,
            _ => 1,
        }
    }
}

fn opens(words: &[&str; 4]) -> Option<Mode> {
    match *words {
        ["interface", ..] => Some(Mode::Interface),
        ["ip" | "ipv6", "access-list", ..] => Some(Mode::AccessList),
        ["router", ..] => Some(Mode::Router),
        ["route-map", ..] => Some(Mode::RouteMap),
        ["vlan", number, ..] if number.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(Mode::Vlan)
        }
        ["object-group", ..] => Some(Mode::ObjectGroup),
        ["vrf", "definition", ..] | ["ip", "vrf", _, ""] => Some(Mode::Vrf),
        _ => None,
    }
}

fn belongs(mode: Mode, words: &[&str; 4]) -> bool {
    match mode {
        Mode::Interface => interface_line(words),
        Mode::AccessList => access_list_line(words),
        Mode::Router => match *words {
            ["no", second, ..] => router_line(second),
            [first, ..] => router_line(first),
        },
        Mode::RouteMap => matches!(words[0], "match" | "set" | "continue" | "description"),
        Mode::Vlan => matches!(words[0], "name" | "state" | "private-vlan" | "remote-span"),
        Mode::ObjectGroup => {
            matches!(
                words[0],
                "host"
                    | "range"
                    | "any"
                    | "group-object"
                    | "tcp"
                    | "udp"
                    | "tcp-udp"
                    | "icmp"
                    | "protocol-object"
                    | "network-object"
                    | "description"
            ) || words[0].starts_with(|c: char| c.is_ascii_digit())
        }
        Mode::Vrf => matches!(
            words[0],
            "rd" | "route-target"
                | "address-family"
                | "exit-address-family"
                | "description"
                | "import"
                | "export"
        ),
    }
}

fn access_list_line(words: &[&str; 4]) -> bool {
    matches!(words[0], "permit" | "deny" | "remark" | "evaluate")
        || (words[0].bytes().all(|byte| byte.is_ascii_digit())
            && matches!(words[1], "permit" | "deny" | "remark" | "evaluate"))
}

fn router_line(first: &str) -> bool {
    matches!(
        first,
        "network"
            | "neighbor"
            | "redistribute"
            | "router-id"
            | "area"
            | "passive-interface"
            | "bgp"
            | "address-family"
            | "exit-address-family"
            | "distance"
            | "maximum-paths"
            | "auto-summary"
            | "synchronization"
            | "aggregate-address"
            | "default-information"
            | "default-metric"
            | "log-adjacency-changes"
            | "distribute-list"
            | "summary-address"
            | "auto-cost"
            | "max-metric"
            | "timers"
            | "version"
            | "eigrp"
            | "net"
            | "is-type"
    )
}

fn interface_line(words: &[&str; 4]) -> bool {
    let words = match *words {
        ["no", a, b, c] => [a, b, c, ""],
        _ => *words,
    };
    match words {
        [
            "description" | "shutdown" | "duplex" | "speed" | "switchport" | "standby" | "vrrp"
            | "glbp" | "encapsulation" | "channel-group" | "mtu" | "bandwidth" | "negotiation"
            | "media-type" | "keepalive" | "zone-member" | "tunnel" | "delay" | "load-interval"
            | "carrier-delay" | "service-policy" | "channel-protocol" | "storm-control",
            ..,
        ] => true,
        ["spanning-tree", second, ..] => {
            matches!(
                second,
                "portfast" | "guard" | "bpduguard" | "bpdufilter" | "cost" | "link-type"
            )
        }
        ["vrf", "forwarding", ..] | ["ip", "vrf", "forwarding", _] | ["cdp", "enable", ..] => true,
        ["ip", "nat", "inside" | "outside", ""] | ["crypto", "map", _, ""] => true,
        ["ip", second, ..] => matches!(
            second,
            "address"
                | "access-group"
                | "ospf"
                | "policy"
                | "verify"
                | "helper-address"
                | "redirects"
                | "unreachables"
                | "proxy-arp"
                | "pim"
                | "igmp"
                | "mtu"
                | "unnumbered"
                | "flow"
                | "directed-broadcast"
                | "route-cache"
                | "inspect"
        ),
        ["ipv6", second, ..] => matches!(
            second,
            "address" | "enable" | "traffic-filter" | "ospf" | "nd"
        ),
        _ => false,
    }
}
