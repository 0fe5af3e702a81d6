//! Random chains, hooks, translation and policy routing of one device.

use super::build::{ACCEPT, Built, TRACK, unknown};
use super::generate::{Segment, TRANSLATED, next_hops};
use super::random::Random;
use ipnet::IpNet;
use networks::model::{
    Action, AddressRewrite, ChainId, Condition, ConnectionState, ConnectionStates, DeviceId,
    Established, HookKind, InterfaceId, InterfaceSet, NextHop, PortRewrite, RouteAction,
    SessionEffect, Stage, TableId, Translation,
};
use packets::{
    AddressMatch, AddressSet, IcmpMatch, Ports, Protocol, TcpFlagMatch, TcpFlags, Wildcard,
};
use std::net::{IpAddr, Ipv4Addr};

/// Ports that rules are about.
pub(crate) const PORTS: [u16; 9] = [0, 22, 53, 80, 443, 1024, 5000, 8443, 65535];

const NAMES: [&str; 2] = ["one", "two"];

pub(super) struct Rules<'r> {
    random: &'r mut Random,
    built: &'r mut Built,
    segments: &'r [Segment],
    id: DeviceId,
    /// Chains that others may call.
    called: Vec<ChainId>,
    /// Chains used as conditions.
    lists: Vec<ChainId>,
    /// Whether conditions here may be unknown.
    doubtful: bool,
}

/// What a rule stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Filter,
    Translation,
    Routing,
}

impl<'r> Rules<'r> {
    pub(super) fn new(
        random: &'r mut Random,
        built: &'r mut Built,
        segments: &'r [Segment],
        id: DeviceId,
    ) -> Self {
        let doubtful = random.percent(30);
        Self {
            random,
            built,
            segments,
            id,
            called: Vec::new(),
            lists: Vec::new(),
            doubtful,
        }
    }

    /// Makes everything of the device.
    pub(super) fn make(mut self) {
        for _ in 0..self.random.below(3) {
            let list = self.chain(Kind::Filter, "list");
            self.lists.push(list);
        }
        for _ in 0..self.random.below(4) {
            let called = self.chain(Kind::Filter, "called");
            self.called.push(called);
        }
        let stages = [
            (Stage::Ingress, 45),
            (Stage::Local, 35),
            (Stage::Output, 25),
            (Stage::Egress, 50),
        ];
        for (stage, chance) in stages {
            let translates = matches!(stage, Stage::Ingress | Stage::Egress);
            let translation_chance = if translates { 60 } else { 20 };
            let first = self.random.percent(50);
            if first && self.random.percent(translation_chance) {
                self.hook(stage, HookKind::Translation);
            }
            while self.random.percent(chance) {
                self.hook(stage, HookKind::Filter);
            }
            if !first && self.random.percent(translation_chance) {
                self.hook(stage, HookKind::Translation);
            }
        }
        for vrf in 0..self.built.network.devices[self.id.index()].vrfs.len() {
            if self.random.percent(35) {
                let chain = self.chain(Kind::Routing, "routing");
                let device = &mut self.built.network.devices[self.id.index()];
                device.vrfs[vrf].policy_routing = Some(chain);
            }
        }
    }

    fn name(&self) -> String {
        self.built.network.devices[self.id.index()].name.clone()
    }

    fn hook(&mut self, stage: Stage, kind: HookKind) {
        let of = match kind {
            HookKind::Filter => Kind::Filter,
            HookKind::Translation => Kind::Translation,
        };
        let chain = self.chain(of, "hook");
        let enters = self.random.percent(40).then(|| self.interfaces());
        let leaves = (stage == Stage::Egress && self.random.percent(40)).then(|| self.interfaces());
        let established = if self.random.percent(60) {
            Established::Skip
        } else {
            Established::Evaluate
        };
        let name = self.name();
        let hook = self.built.hook(&name, stage, kind, chain);
        hook.scope.enters = enters;
        hook.scope.leaves = leaves;
        hook.established = established;
    }

    fn interfaces(&mut self) -> InterfaceSet {
        let count = self.built.network.devices[self.id.index()].interfaces.len();
        let ids = 0..u32::try_from(count).unwrap();
        let random = &mut *self.random;
        InterfaceSet::new(ids.filter(|_| random.percent(55)).map(InterfaceId))
    }

    fn chain(&mut self, kind: Kind, name: &str) -> ChainId {
        let count = self.random.weighted(&[1, 3, 3, 3, 2, 1]);
        let rules = (0..count)
            .map(|_| (self.condition(0), self.action(kind, name == "called")))
            .collect();
        let weights = match (kind, name) {
            (_, "called") => [1, 1, 8],
            (_, "list") => [2, 5, 1],
            (Kind::Filter, _) => [7, 2, 1],
            (Kind::Translation | Kind::Routing, _) => [6, 0, 4],
        };
        let default = match self.random.weighted(&weights) {
            0 => ACCEPT,
            1 => Action::Drop,
            _ => Action::Return,
        };
        let device = self.name();
        self.built.chain(&device, name, rules, default)
    }

    fn action(&mut self, kind: Kind, called: bool) -> Action {
        let calls = if self.called.is_empty() { 0 } else { 12 };
        let own = match kind {
            Kind::Filter => 0,
            Kind::Translation => 55,
            Kind::Routing => 55,
        };
        let rare = usize::from(self.random.percent(8));
        let doubt = if self.doubtful { 3 } else { 0 };
        let weights = [
            22,
            if kind == Kind::Filter { 9 } else { 2 },
            5,
            calls,
            calls / 2,
            if called { 12 } else { 4 },
            12,
            if kind == Kind::Routing { 0 } else { 3 },
            doubt,
            own,
            rare,
        ];
        match self.random.weighted(&weights) {
            0 => self.accept(),
            1 => Action::Drop,
            2 => Action::Continue,
            3 => Action::Call(*self.random.pick(&self.called)),
            4 => Action::Goto(*self.random.pick(&self.called)),
            5 => Action::Return,
            6 => Action::SetMark {
                mask: *self.random.pick(&[1, 2, 3, 0xff]),
                value: *self.random.pick(&[0, 1, 2, 3]),
            },
            7 => Action::NoTrack,
            8 => Action::Unknown(unknown("the action was not understood")),
            9 if kind == Kind::Translation => Action::Translate(self.translation()),
            9 => Action::Route(self.route()),
            _ => self.misplaced(kind),
        }
    }

    /// Something that does not belong, or calls what is being tried.
    fn misplaced(&mut self, kind: Kind) -> Action {
        let next = self.built.network.devices[self.id.index()].chains.len();
        match self.random.below(3) {
            0 => Action::Call(ChainId(u32::try_from(next).unwrap())),
            1 if kind == Kind::Routing => Action::Translate(Translation::default()),
            1 => Action::Route(RouteAction::UseFib),
            _ => Action::Goto(ChainId(1000)),
        }
    }

    fn accept(&mut self) -> Action {
        match self.random.weighted(&[6, 2, 2]) {
            0 => ACCEPT,
            1 => TRACK,
            _ => {
                let name = (*self.random.pick(&NAMES)).to_owned();
                Action::Accept(SessionEffect::Reflect(name))
            }
        }
    }

    fn condition(&mut self, depth: usize) -> Condition {
        let nested = if depth < 2 { 7 } else { 0 };
        let lists = if self.lists.is_empty() { 0 } else { 6 };
        let doubt = if self.doubtful { 7 } else { 0 };
        let weights = [
            10, 12, 12, 8, 4, 9, 4, 5, 2, 6, 5, 4, 7, 4, lists, doubt, nested, nested, nested,
        ];
        match self.random.weighted(&weights) {
            0 => Condition::Always,
            1 => Condition::Source(self.addresses()),
            2 => Condition::Destination(self.addresses()),
            3 => {
                let protocols = [
                    Protocol::TCP,
                    Protocol::UDP,
                    Protocol::ICMP,
                    Protocol::ICMPV6,
                    Protocol::GRE,
                ];
                let count = self.random.between(1, 2);
                Condition::Protocol((0..count).map(|_| *self.random.pick(&protocols)).collect())
            }
            4 => Condition::SourcePort(self.ports()),
            5 => Condition::DestinationPort(self.ports()),
            6 => {
                let types = [0..=0, 8..=8, 3..=12, 128..=129, 0..=255, 13..=18];
                let codes = [0..=0, 0..=255, 4..=9];
                Condition::Icmp(IcmpMatch {
                    types: self.random.pick(&types).clone(),
                    codes: self.random.pick(&codes).clone(),
                })
            }
            7 => {
                let mask = *self.random.pick(&[0x02, 0x10, 0x12, 0x3f, 0x04, 0xff]);
                let value = *self.random.pick(&[0x02, 0x10, 0x12, 0x00, 0x04]);
                Condition::TcpFlags(TcpFlagMatch {
                    mask: TcpFlags(mask),
                    value: TcpFlags(value & if self.random.percent(90) { mask } else { 0xff }),
                })
            }
            8 => Condition::LaterFragment,
            9 => self.connection(),
            10 => Condition::EntersBy(self.interfaces()),
            11 => Condition::LeavesBy(self.interfaces()),
            12 => Condition::Mark {
                mask: *self.random.pick(&[1, 2, 3, 0xff]),
                value: *self.random.pick(&[0, 1, 2, 3]),
            },
            13 => Condition::Reflected((*self.random.pick(&NAMES)).to_owned()),
            14 => Condition::Accepted(*self.random.pick(&self.lists)),
            15 => Condition::Unknown(unknown("the name is resolved at run time")),
            16 => Condition::Not(Box::new(self.condition(depth + 1))),
            17 => Condition::All(self.conditions(depth)),
            _ => Condition::Any(self.conditions(depth)),
        }
    }

    fn conditions(&mut self, depth: usize) -> Vec<Condition> {
        let count = self.random.weighted(&[1, 2, 8, 4]);
        (0..count).map(|_| self.condition(depth + 1)).collect()
    }

    fn connection(&mut self) -> Condition {
        use ConnectionState::{Established, Invalid, New, Related, Untracked};
        let random = &mut *self.random;
        let states = [New, Established, Related, Invalid, Untracked];
        let chosen: Vec<_> = states.into_iter().filter(|_| random.percent(45)).collect();
        Condition::Connection(ConnectionStates::new(chosen))
    }

    fn address(&mut self, six: bool) -> IpAddr {
        let segment = self.random.pick(self.segments);
        let hosts = [1, 2, 3, 5, 100, 128, 200, 201, 203, 254];
        segment.address(*self.random.pick(&hosts), six)
    }

    fn prefix(&mut self, six: bool) -> IpNet {
        let lengths: &[u8] = if six {
            &[48, 64, 121, 128]
        } else {
            &[8, 24, 25, 30, 32]
        };
        let length = *self.random.pick(lengths);
        IpNet::new(self.address(six), length).unwrap().trunc()
    }

    fn addresses(&mut self) -> AddressSet {
        let count = self.random.between(1, 2);
        AddressSet(
            (0..count)
                .map(|_| {
                    let six = self.random.percent(35);
                    match self.random.weighted(&[7, 2, 2]) {
                        0 => AddressMatch::Net(self.prefix(six)),
                        1 => {
                            let (one, two) = (self.address(six), self.address(six));
                            AddressMatch::Range(one.min(two), one.max(two))
                        }
                        _ => {
                            let IpAddr::V4(address) = self.address(false) else {
                                unreachable!("it was asked for version 4")
                            };
                            let ignored = [0x0000_ff00, 0x00ff_0003, 0x0000_00ff, 0x0005_0001];
                            let ignore = Ipv4Addr::from_bits(*self.random.pick(&ignored));
                            AddressMatch::Wildcard(Wildcard::new(address, ignore))
                        }
                    }
                })
                .collect(),
        )
    }

    fn ports(&mut self) -> Ports {
        let (one, two) = (*self.random.pick(&PORTS), *self.random.pick(&PORTS));
        match self.random.below(3) {
            0 => Ports::from(one),
            1 => Ports::from(one.min(two)..=one.max(two)),
            _ => Ports(vec![one..=one, two..=two]),
        }
    }

    fn translation(&mut self) -> Translation {
        let mut translation = Translation::default();
        let kind = self.random.weighted(&[5, 4, 2, 1]);
        if kind == 0 || kind == 2 {
            translation.source = Some(self.address_rewrite());
            if self.random.percent(50) {
                translation.source_port = Some(self.port_rewrite());
            }
        }
        if kind == 1 || kind == 2 {
            translation.destination = Some(self.address_rewrite());
            if self.random.percent(35) {
                translation.destination_port = Some(self.port_rewrite());
            }
        }
        translation
    }

    fn address_rewrite(&mut self) -> AddressRewrite {
        let six = self.random.percent(30);
        match self.random.weighted(&[4, 4, 3, 2]) {
            0 => AddressRewrite::InterfaceAddress,
            1 => {
                let length = match (six, self.random.percent(50)) {
                    (true, true) => 64,
                    (true, false) => 128,
                    (false, true) => 24,
                    (false, false) => 32,
                };
                let net = |address| IpNet::new(address, length).unwrap().trunc();
                AddressRewrite::Prefix {
                    from: net(self.address(six)),
                    to: net(self.address(six)),
                }
            }
            2 => {
                let segment = self.random.pick(self.segments);
                let last = self.random.between(TRANSLATED.0, TRANSLATED.1);
                let four = |host| segment.address(host, false);
                let six = |host| segment.address(host, true);
                let mut ranges = vec![(four(TRANSLATED.0), four(last))];
                if self.random.percent(70) {
                    ranges.push((six(TRANSLATED.0), six(last)));
                }
                AddressRewrite::Pool(ranges)
            }
            _ => {
                let segment = self.random.pick(self.segments);
                AddressRewrite::Range {
                    first: segment.address(1, six),
                    last: segment.address(120, six),
                    to: self.address(six),
                }
            }
        }
    }

    fn port_rewrite(&mut self) -> PortRewrite {
        let port = *self.random.pick(&PORTS);
        match self.random.weighted(&[4, 4, 1, 2]) {
            0 => PortRewrite::OneOf(Ports::from(port)),
            1 => PortRewrite::OneOf(Ports::from(port.saturating_sub(2)..=port)),
            2 => PortRewrite::OneOf(Ports::from(1024..=65535)),
            _ => PortRewrite::Shift {
                first: 20,
                last: 500,
                to: port,
            },
        }
    }

    fn route(&mut self) -> RouteAction {
        let tables = self.built.network.devices[self.id.index()].tables.len();
        match self
            .random
            .weighted(&[if tables == 0 { 0 } else { 4 }, 2, 5, 3, 3, 2, 1])
        {
            0 => RouteAction::Table(TableId(u32::try_from(self.random.below(tables)).unwrap())),
            1 => RouteAction::Main,
            2 => RouteAction::FirstUsable(self.next_hops()),
            3 => RouteAction::AnyOf(self.next_hops()),
            4 => RouteAction::FirstUsableUnlessRouted(self.next_hops()),
            5 => RouteAction::UseFib,
            _ => RouteAction::Discard,
        }
    }

    fn next_hops(&mut self) -> Vec<NextHop> {
        let all = next_hops(self.built, self.segments, self.id);
        let count = self.random.between(1, 3);
        (0..count).map(|_| *self.random.pick(&all)).collect()
    }
}
