//! Filter sets to measure with: ClassBench's, and generated ones.

use packets::*;
use std::path::PathBuf;

/// One line of a filter set.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) source: (u32, u32),
    pub(crate) destination: (u32, u32),
    pub(crate) source_ports: (u16, u16),
    pub(crate) destination_ports: (u16, u16),
    pub(crate) protocol: Option<u8>,
    pub(crate) permit: bool,
}

/// A list of lines with a name; what no line matches is denied.
#[derive(Debug)]
pub(crate) struct FilterSet {
    pub(crate) name: String,
    pub(crate) rules: Vec<Rule>,
}

/// The ClassBench sets that come with the shared data.
pub(crate) const CLASSBENCH: [&str; 4] = ["acl1_1k", "acl1_10k", "fw1_1k", "ipc1_10k"];

/// A small generator of well spread numbers (splitmix64), the same on every machine.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).unwrap_or(0)
    }

    /// Tells true in so many of a hundred cases.
    fn percent(&mut self, share: u32) -> bool {
        self.below(100) < share
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let place = self.below(u32::try_from(from.len()).ok()?);
        from.get(place as usize).cloned()
    }
}

/// Returns the sets to measure: the generated one, and those whose files are there.
pub(crate) fn all() -> Vec<FilterSet> {
    let mut sets = vec![generated(1000)];
    for name in CLASSBENCH {
        match classbench(name) {
            Ok(set) => sets.push(set),
            Err(error) => {
                use std::io::Write as _;
                let _ = writeln!(std::io::stderr(), "skipped: {name}: {error}");
            }
        }
    }
    sets
}

/// Reads a ClassBench set. They carry no actions: 70 in 100 lines, chosen at
/// random, permit. The flags column is left out, as the measurements it is
/// compared with did.
pub(crate) fn classbench(name: &str) -> std::io::Result<FilterSet> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/classbench"
    );
    let path = PathBuf::from(folder).join(format!("{name}.rules"));
    let text = std::fs::read_to_string(path)?;
    let mut random = Random(7);
    let rules = text.lines().filter_map(|line| {
        let rule = rule(line)?;
        Some(Rule {
            permit: random.percent(70),
            ..rule
        })
    });
    Ok(FilterSet {
        name: name.to_owned(),
        rules: rules.collect(),
    })
}

/// Reads `@source  destination  port : port  port : port  protocol/mask  flags`.
fn rule(line: &str) -> Option<Rule> {
    let mut columns = line.strip_prefix('@')?.split('\t');
    let net = |text: &str| -> Option<(u32, u32)> {
        let net: ipnet::Ipv4Net = text.trim().parse().ok()?;
        Some((net.network().to_bits(), net.broadcast().to_bits()))
    };
    let ports = |text: &str| -> Option<(u16, u16)> {
        let (first, last) = text.split_once(':')?;
        Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
    };
    let source = net(columns.next()?)?;
    let destination = net(columns.next()?)?;
    let source_ports = ports(columns.next()?)?;
    let destination_ports = ports(columns.next()?)?;
    let (protocol, mask) = columns.next()?.trim().split_once('/')?;
    let number = u8::from_str_radix(protocol.strip_prefix("0x")?, 16).ok()?;
    let protocol = (mask != "0x00").then_some(number);
    Some(Rule {
        source,
        destination,
        source_ports,
        destination_ports,
        protocol,
        permit: false,
    })
}

/// Returns a set as an enterprise has them: sites, subnets, servers, services.
pub(crate) fn generated(lines: u32) -> FilterSet {
    let mut random = Random(11);
    let net = |base: u32, bits: u32| (base & !((1 << bits) - 1), base | ((1 << bits) - 1));
    let sites: Vec<(u32, u32)> = (0..40)
        .map(|site| net(0x0a00_0000 | site << 17, 16))
        .collect();
    let mut subnets = Vec::new();
    let mut hosts = Vec::new();
    for (first, _) in &sites {
        for _ in 0..6 {
            let subnet = net(first | random.below(256) << 8, 8);
            subnets.push(subnet);
            hosts.extend((0..2).map(|_| net(subnet.0 | random.below(256), 0)));
        }
    }
    let services: Vec<u16> = [
        22, 25, 53, 80, 110, 123, 143, 161, 389, 443, 445, 514, 636, 993,
    ]
    .into_iter()
    .chain([
        1433, 1521, 3128, 3306, 3389, 5432, 5900, 6379, 8080, 8443, 9100, 9200,
    ])
    .collect();
    let everything = (0, u32::MAX);
    let mut rules = Vec::new();
    for _ in 0..lines {
        // Nobody writes a line from anywhere to anywhere: one end is always narrow.
        let (from, to) = match random.below(100) {
            0..10 => (None, Some(&hosts)),
            10..15 => (Some(&subnets), None),
            15..25 => (Some(&sites), Some(&subnets)),
            25..35 => (Some(&sites), Some(&hosts)),
            35..65 => (Some(&subnets), Some(&subnets)),
            65..85 => (Some(&subnets), Some(&hosts)),
            _ => (Some(&hosts), Some(&hosts)),
        };
        let mut place = |pool: Option<&Vec<(u32, u32)>>| {
            pool.and_then(|pool| random.pick(pool))
                .unwrap_or(everything)
        };
        let (source, destination) = (place(from), place(to));
        let (protocol, ports) = match random.below(100) {
            0..10 => (None, false),
            10..15 => (Some(1), false),
            15..40 => (Some(17), true),
            _ => (Some(6), true),
        };
        let destination_ports = match random.below(100) {
            _ if !ports => (0, u16::MAX),
            0..10 => (0, u16::MAX),
            10..20 => (1024, u16::MAX),
            20..30 => random
                .pick(&services)
                .map_or((0, 0), |port| (port, port.saturating_add(15))),
            _ => random.pick(&services).map_or((0, 0), |port| (port, port)),
        };
        let source_ports = if ports && random.percent(10) {
            (1024, u16::MAX)
        } else {
            (0, u16::MAX)
        };
        let permit = random.percent(70);
        rules.push(Rule {
            source,
            destination,
            source_ports,
            destination_ports,
            protocol,
            permit,
        });
    }
    FilterSet {
        name: format!("gen:{lines}"),
        rules,
    }
}

impl Rule {
    /// Returns the line for the engine.
    pub(crate) fn line<S>(&self) -> Line<u32, S> {
        let wide = |(first, last): (u16, u16)| Intervals::range(first.into(), last.into());
        let mut fields = Fields::any()
            .with(
                Field::Destination,
                &Intervals::range(self.destination.0, self.destination.1),
            )
            .with(
                Field::Source,
                &Intervals::range(self.source.0, self.source.1),
            )
            .with(Field::DestinationPort, &wide(self.destination_ports))
            .with(Field::SourcePort, &wide(self.source_ports));
        if let Some(protocol) = self.protocol {
            fields = fields.protocol(Protocol(protocol));
        }
        Line::new(
            fields,
            if self.permit {
                Action::Permit
            } else {
                Action::Deny
            },
        )
    }
}

impl FilterSet {
    /// Returns the lines for the engine.
    pub(crate) fn lines<S>(&self) -> Vec<Line<u32, S>> {
        self.rules.iter().map(Rule::line).collect()
    }

    /// Returns packets in and beside some lines of the set.
    pub(crate) fn probes(&self, count: u32) -> Vec<Packet> {
        let mut random = Random(5);
        let mut probes = Vec::new();
        for _ in 0..count {
            let (Some(here), Some(there)) = (random.pick(&self.rules), random.pick(&self.rules))
            else {
                break;
            };
            let mut packet = preferred(Family::V4);
            let end = |random: &mut Random, (first, last): (u32, u32)| {
                let offset = u64::from(random.below(3));
                let span = u64::from(last - first);
                first + u32::try_from(span * offset / 2).unwrap_or(0)
            };
            let wide = |(first, last): (u16, u16)| (u32::from(first), u32::from(last));
            let other = if random.percent(50) { &here } else { &there };
            Field::Destination.set(&mut packet, end(&mut random, here.destination));
            Field::Source.set(&mut packet, end(&mut random, other.source));
            Field::DestinationPort.set(&mut packet, end(&mut random, wide(here.destination_ports)));
            Field::SourcePort.set(&mut packet, end(&mut random, wide(other.source_ports)));
            packet.protocol = Protocol(here.protocol.unwrap_or(17));
            probes.push(packet);
        }
        probes
    }
}
