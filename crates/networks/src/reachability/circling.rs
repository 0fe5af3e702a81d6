//! Answers that go round for ever.

use super::back::{Answers, Sort};
use super::graph::EdgeTurn;
use super::limits::ROUNDS_MAX;
use super::seeded::bug;
use super::solve::strongly_connected;
use packets::{PacketSets, SetError};
use rustc_hash::FxHashMap;

impl<S: PacketSets> Answers<'_, '_, S> {
    /// Answers that can go round for ever are lost.
    pub(super) fn find_loops(&mut self) -> Result<(), SetError> {
        let mut next: Vec<Vec<u32>> = vec![Vec::new(); self.states.len()];
        for step in &self.steps {
            if let (Some(list), Ok(to)) = (next.get_mut(step.from), u32::try_from(step.to)) {
                list.push(to);
            }
        }
        let groups = strongly_connected(self.states.len(), |state| {
            next.get(state as usize).cloned().unwrap_or_default()
        });
        for group in groups {
            let looped = group.len() > 1
                || group.iter().any(|state| {
                    next.get(*state as usize)
                        .is_some_and(|list| list.contains(state))
                });
            if looped && !bug(16) {
                self.lose_in_loop(&group)?;
            }
        }
        Ok(())
    }

    fn lose_in_loop(&mut self, group: &[u32]) -> Result<(), SetError> {
        let mut round: FxHashMap<usize, S::Set> = FxHashMap::default();
        for state in group {
            let seen = self.states.get(*state as usize).map(|state| state.seen);
            round.insert(*state as usize, seen.unwrap_or(self.machine.sets.empty()));
        }
        let within: Vec<(usize, usize, usize)> = self
            .steps
            .iter()
            .filter(|step| round.contains_key(&step.from) && round.contains_key(&step.to))
            .map(|step| (step.from, step.to, step.edge))
            .collect();
        for _ in 0..ROUNDS_MAX {
            let mut stays: FxHashMap<usize, S::Set> = FxHashMap::default();
            for (from, to, edge) in &within {
                let Some(going) = round.get(to).copied() else {
                    continue;
                };
                let before = self.before_step(*from, *edge, going)?;
                let known = stays
                    .get(from)
                    .copied()
                    .unwrap_or(self.machine.sets.empty());
                let known = self.machine.sets.or(known, before)?;
                stays.insert(*from, known);
            }
            let mut changed = false;
            for (state, set) in &mut round {
                let stay = stays
                    .get(state)
                    .copied()
                    .unwrap_or(self.machine.sets.empty());
                let left = self.machine.sets.and(*set, stay)?;
                changed |= left != *set;
                *set = left;
            }
            if !changed {
                break;
            }
        }
        for (state, packets) in round {
            if let Some((_, form, _)) = self.states.get(state).map(|state| state.key) {
                self.set_aside(Sort::Lost, form, packets)?;
            }
        }
        Ok(())
    }

    /// Returns the answers at a state that an edge takes into a set.
    fn before_step(
        &mut self,
        from: usize,
        edge: usize,
        packets: S::Set,
    ) -> Result<S::Set, SetError> {
        let node = self.states.get(from).map(|state| state.key.0);
        let edge = node.and_then(|node| self.graph.edges(node).get(edge));
        let Some(edge) = edge else {
            return Ok(self.machine.sets.empty());
        };
        let mut packets = packets;
        if let EdgeTurn::Rewrite(id) = edge.turn
            && let Some(rewriting) = self.graph.rewriting(id)
        {
            packets = self
                .machine
                .sets
                .pre_image_any(&rewriting.rewrite, packets)?;
        }
        edge.guard
            .map_or(Ok(packets), |guard| self.machine.sets.and(packets, guard))
    }
}
