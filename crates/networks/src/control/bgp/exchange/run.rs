//! One run of the exchange: who waits to be heard, and what is asked often.

use super::super::super::policy::{Expressions, Policies};
use super::super::super::table::Table;
use super::super::originating::Originator;
use super::super::selection::Reach;
use super::super::sessions::Speakers;
use super::Order;
use crate::model::NextHop;
use ipnet::IpNet;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::net::IpAddr;

/// The way to a next hop, and the prefix it goes through.
type Resolved = (Reach, Option<IpNet>);

/// One run.
pub(super) struct Run<'r, 'a> {
    pub(super) speakers: &'r Speakers<'a>,
    tables: &'r [Vec<Table>],
    expressions: &'r Expressions,
    order: Order,
    queue: VecDeque<(usize, IpNet)>,
    /// What is left of the round, when the last are heard first.
    round: Vec<(usize, IpNet)>,
    waiting: FxHashSet<(usize, IpNet)>,
    /// How often each speaker has looked at each prefix.
    pub(super) looks: FxHashMap<(usize, IpNet), u32>,
    reach: FxHashMap<(usize, IpAddr), Option<Resolved>>,
}

impl<'r, 'a> Run<'r, 'a> {
    /// Starts a run in which nobody waits to be heard.
    pub(super) fn new(
        speakers: &'r Speakers<'a>,
        tables: &'r [Vec<Table>],
        expressions: &'r Expressions,
        order: Order,
    ) -> Self {
        Self {
            speakers,
            tables,
            expressions,
            order,
            queue: VecDeque::new(),
            round: Vec::new(),
            waiting: FxHashSet::default(),
            looks: FxHashMap::default(),
            reach: FxHashMap::default(),
        }
    }

    /// Has a speaker look at a prefix, where it does not wait to already.
    pub(super) fn push(&mut self, speaker: usize, prefix: IpNet) {
        if self.waiting.insert((speaker, prefix)) {
            self.queue.push_back((speaker, prefix));
        }
    }

    /// Returns who is heard next.
    pub(super) fn pop(&mut self) -> Option<(usize, IpNet)> {
        let next = match self.order {
            Order::FirstCome => self.queue.pop_front(),
            Order::LastCome => {
                if self.round.is_empty() {
                    self.round.extend(self.queue.drain(..));
                }
                self.round.pop()
            }
        }?;
        self.waiting.remove(&next);
        Some(next)
    }

    /// What is known of the way to a next hop; `None` where there is no way.
    pub(super) fn reach(
        &mut self,
        speaker: usize,
        prefix: IpNet,
        next_hop: IpAddr,
    ) -> Option<Reach> {
        let known = self.reach.get(&(speaker, next_hop)).cloned();
        let known = known.unwrap_or_else(|| {
            let found = self.resolve(speaker, next_hop, None);
            self.reach.insert((speaker, next_hop), found.clone());
            found
        });
        let (reach, through) = known?;
        if through == Some(prefix) {
            return self
                .resolve(speaker, next_hop, Some(prefix))
                .map(|(reach, _)| reach);
        }
        Some(reach)
    }

    fn resolve(&self, speaker: usize, next_hop: IpAddr, avoid: Option<IpNet>) -> Option<Resolved> {
        let vrf = self.speakers.all.get(speaker)?.vrf;
        let view = self.speakers.tables(speaker, self.tables)?;
        let ways = view.resolve(vrf, NextHop::Address(next_hop), avoid);
        (ways.exist() || ways.may_exist).then(|| {
            let reach = Reach {
                metric: ways.metric,
                doubt: ways.doubt.clone(),
            };
            (reach, ways.through)
        })
    }

    /// Returns a speaker with what originating asks.
    pub(super) fn originator(&self, speaker: usize) -> Option<Originator<'_>> {
        let own = self.speakers.all.get(speaker)?;
        let device = self.speakers.network.device(own.device)?;
        Some(Originator {
            speaker: own,
            device,
            table: self.tables.get(own.device.index())?.get(own.vrf.index())?,
            policies: Policies::new(device, self.expressions),
        })
    }
}
