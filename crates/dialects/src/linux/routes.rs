//! Lines of `ip route` (ip-route(8)).

use super::names;
use super::netfilter::Builder;
use findings::Span;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use networks::model::{
    InterfaceId, LineState, NextHop, RoutingTable, StaticRoute, TableId, Touches, Unread, VrfId,
};
use packets::Family;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The administrative distance given to routes, which Linux does not have:
/// above the prefixes of interfaces.
const DISTANCE: u8 = 1;
/// The metric of IPv6 routes that name none (`IP6_RT_PRIO_USER`).
const METRIC6: u32 = 1024;

/// Which table a route is in or a rule asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    /// The table of the VRF.
    Main,
    /// The device's own addresses.
    Local,
    /// Any other, by its name.
    Other(String),
}

impl Table {
    /// Returns the table of a name or number.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "main" | "254" => Self::Main,
            "local" | "255" => Self::Local,
            "253" => Self::Other("default".to_owned()),
            _ => Self::Other(name.to_owned()),
        }
    }
}

/// The routes of a device by table.
#[derive(Debug, Default)]
pub(super) struct Routes {
    tables: BTreeMap<String, Vec<StaticRoute>>,
    main: Vec<StaticRoute>,
}

/// What is wrong with a line.
pub(super) type Refusal = String;

/// A line as it was written.
#[derive(Debug, Default)]
struct Line {
    kind: Option<String>,
    prefix: Option<IpNet>,
    hops: Vec<Hop>,
    metric: Option<u32>,
    table: Option<String>,
    kernel: bool,
    down: bool,
}

#[derive(Debug, Default, Clone)]
struct Hop {
    via: Option<IpAddr>,
    device: Option<String>,
}

/// Adds the lines of `ip route show` to the device. `family` says what a prefix
/// without an address (`default`) means.
pub(super) fn read_routes(
    builder: &mut Builder,
    routes: &mut Routes,
    lines: &[(String, Span)],
    family: Family,
) -> Vec<(Span, LineState)> {
    let mut states = Vec::new();
    for (text, origin) in joined(lines) {
        let state = match route(&text, family) {
            Ok(line) => place(builder, routes, &line, family, origin),
            Err(reason) => Err(reason),
        };
        states.push((
            origin,
            state.unwrap_or_else(|reason| {
                builder.device.unread.push(Unread {
                    origin,
                    touches: Touches::Forwarding {
                        vrf: VrfId::DEFAULT,
                        destinations: None,
                    },
                    reason,
                });
                LineState::NotRecognised
            }),
        ));
    }
    states
}

/// Joins `nexthop` lines to the route they belong to.
fn joined(lines: &[(String, Span)]) -> Vec<(String, Span)> {
    let mut joined: Vec<(String, Span)> = Vec::new();
    for (text, origin) in lines {
        match joined.last_mut() {
            Some((last, span)) if text.starts_with("nexthop") => {
                last.push(' ');
                last.push_str(text);
                *span = span.to(*origin);
            }
            _ => joined.push((text.clone(), *origin)),
        }
    }
    joined
}

fn route(text: &str, family: Family) -> Result<Line, Refusal> {
    let mut words = text
        .split_whitespace()
        .filter(|&word| word != "\\")
        .peekable();
    let mut line = Line::default();
    let kinds = [
        "unicast",
        "local",
        "broadcast",
        "multicast",
        "throw",
        "unreachable",
        "prohibit",
        "blackhole",
        "nat",
        "anycast",
    ];
    if let Some(kind) = words.next_if(|word| kinds.contains(word)) {
        line.kind = Some(kind.to_owned());
    }
    let prefix = words.next().ok_or("the line is empty")?;
    line.prefix = net(prefix, family);
    let mut hop = Hop::default();
    let mut several = false;
    while let Some(word) = words.next() {
        match word {
            "nexthop" => {
                if several || hop.via.is_some() || hop.device.is_some() {
                    line.hops.push(std::mem::take(&mut hop));
                }
                several = true;
            }
            "via" => {
                words.next_if(|&word| matches!(word, "inet" | "inet6"));
                hop.via = words.next().and_then(|address| address.parse().ok());
                hop.via.ok_or("the gateway is not an address")?;
            }
            "dev" => hop.device = words.next().map(str::to_owned),
            "metric" | "priority" | "preference" => {
                line.metric = words.next().and_then(names::number);
                line.metric.ok_or("the metric is not a number")?;
            }
            "table" => line.table = words.next().map(str::to_owned),
            "proto" => line.kernel = words.next() == Some("kernel"),
            "linkdown" | "dead" => line.down = true,
            "onlink" | "pervasive" | "offload" | "trap" | "notify" => {}
            // What the device sends by the route, or how it treats sockets.
            "scope" | "src" | "weight" | "mtu" | "advmss" | "pref" | "expires" | "hoplimit"
            | "initcwnd" | "initrwnd" | "rtt" | "rttvar" | "window" | "cwnd" | "ssthresh"
            | "reordering" | "rto_min" | "features" | "quickack" | "congctl" | "error" => {
                words.next_if(|&word| word == "lock");
                words.next();
            }
            "tos" | "dsfield" | "encap" | "nhid" | "realm" | "realms" | "from"
            | "ttl-propagate" => {
                return Err(format!("`{word}` of routes is not modelled"));
            }
            _ => return Err(format!("`{word}` is not understood")),
        }
    }
    line.hops.push(hop);
    Ok(line)
}

fn place(
    builder: &mut Builder,
    routes: &mut Routes,
    line: &Line,
    family: Family,
    origin: Span,
) -> Result<LineState, Refusal> {
    let table = Table::named(line.table.as_deref().unwrap_or("main"));
    let Some(mut prefix) = line.prefix else {
        return Err("the destination is not a prefix".to_owned());
    };
    if let (0, Some(IpAddr::V6(_)), Family::V4) = (
        prefix.prefix_len(),
        line.hops.first().and_then(|hop| hop.via),
        family,
    ) {
        prefix = IpNet::V6(Ipv6Net::default());
    }
    let discards = match line.kind.as_deref() {
        None | Some("unicast") => false,
        Some("blackhole" | "unreachable" | "prohibit") => true,
        Some("local")
            if builder
                .device
                .interfaces
                .iter()
                .any(|own| own.has_address(prefix.addr())) =>
        {
            return Ok(LineState::Harmless);
        }
        Some("broadcast" | "multicast" | "anycast") => return Ok(LineState::NotModelledHarmless),
        Some("local") if is_loopback(prefix) => return Ok(LineState::Harmless),
        Some(kind) => return Err(format!("routes of type `{kind}` are not modelled")),
    };
    if table == Table::Local {
        return Err("routes in the table `local` are not modelled".to_owned());
    }
    if is_link_scope(prefix) {
        return Ok(LineState::NotModelledHarmless);
    }
    if !discards && table == Table::Main && connected(builder, prefix) {
        return match line.kernel {
            true => Ok(LineState::Harmless),
            false => Err("the route is for the prefix of an interface".to_owned()),
        };
    }
    let hops = match discards {
        true => vec![NextHop::Discard],
        false => line
            .hops
            .iter()
            .map(|hop| next_hop(builder, hop))
            .collect::<Result<_, _>>()?,
    };
    let made = hops.into_iter().map(|next_hop| StaticRoute {
        prefix,
        next_hop,
        distance: DISTANCE,
        priority: line.metric.unwrap_or(match prefix {
            IpNet::V4(_) => 0,
            IpNet::V6(_) => METRIC6,
        }),
        tag: 0,
        permanent: false,
        run_time: line.down,
        origin,
    });
    match table {
        Table::Other(name) => routes.tables.entry(name).or_default().extend(made),
        Table::Main | Table::Local => routes.main.extend(made),
    }
    Ok(LineState::Understood)
}

fn next_hop(builder: &Builder, hop: &Hop) -> Result<NextHop, Refusal> {
    let interface = match &hop.device {
        None => None,
        Some(name) => Some(
            builder
                .device
                .interface_named(name)
                .ok_or_else(|| format!("the device has no interface `{name}`"))?,
        ),
    };
    match (interface, hop.via) {
        (Some(interface), Some(via)) => Ok(NextHop::InterfaceAddress(interface, via)),
        (Some(interface), None) => Ok(NextHop::Interface(interface)),
        (None, Some(via)) => Ok(NextHop::Address(via)),
        (None, None) => Err("the route leads nowhere".to_owned()),
    }
}

fn connected(builder: &Builder, prefix: IpNet) -> bool {
    builder
        .device
        .interfaces
        .iter()
        .flat_map(|interface| &interface.addresses)
        .any(|address| address.net.trunc() == prefix)
}

fn is_loopback(prefix: IpNet) -> bool {
    prefix.addr().is_loopback()
}

/// Link-local and multicast prefixes of IPv6, which every interface has and
/// nothing is forwarded by.
fn is_link_scope(prefix: IpNet) -> bool {
    match prefix {
        IpNet::V6(net) => net.addr().is_unicast_link_local() || net.addr().is_multicast(),
        IpNet::V4(_) => false,
    }
}

/// Reads a prefix, an address, or `default` and its like.
pub(super) fn net(text: &str, family: Family) -> Option<IpNet> {
    if matches!(text, "default" | "all" | "any") {
        return Some(match family {
            Family::V4 => IpNet::V4(Ipv4Net::default()),
            Family::V6 => IpNet::V6(Ipv6Net::default()),
        });
    }
    if let Ok(net) = text.parse::<IpNet>() {
        return Some(net.trunc());
    }
    text.parse::<IpAddr>().ok().map(IpNet::from)
}

impl Routes {
    /// Adds the default route of a gateway.
    pub(super) fn add_gateway(&mut self, interface: InterfaceId, gateway: IpAddr, origin: Span) {
        let (prefix, priority) = match gateway {
            IpAddr::V4(_) => (IpNet::V4(Ipv4Net::default()), 0),
            IpAddr::V6(_) => (IpNet::V6(Ipv6Net::default()), METRIC6),
        };
        self.main.push(StaticRoute {
            prefix,
            next_hop: NextHop::InterfaceAddress(interface, gateway),
            distance: DISTANCE,
            priority,
            tag: 0,
            permanent: false,
            run_time: false,
            origin,
        });
    }

    /// Gives the device its routes and further tables, and returns the names of these.
    pub(super) fn finish(self, builder: &mut Builder) -> BTreeMap<String, TableId> {
        let mut ids = BTreeMap::new();
        for (name, routes) in self.tables {
            let id = add_table(builder, name.clone(), routes);
            ids.insert(name, id);
        }
        if let Some(vrf) = builder.device.vrfs.first_mut() {
            vrf.static_routes = self.main;
        }
        ids
    }
}

/// Adds a routing table to the device.
pub(super) fn add_table(builder: &mut Builder, name: String, routes: Vec<StaticRoute>) -> TableId {
    let id = TableId(u32::try_from(builder.device.tables.len()).unwrap_or(u32::MAX));
    builder.device.tables.push(RoutingTable {
        name,
        vrf: VrfId::DEFAULT,
        routes,
    });
    id
}
