//! First-match lists in the order that Batfish works in.

use crate::address::Address;
use crate::bdd::{Bdd, BddSet};
use crate::diagram::EMPTY;
use crate::diagram::arena::Edge;
use crate::error::SetError;
use crate::line::{Action, Line, Verdicts};
use crate::sets::PacketSets;

impl<A: Address> Bdd<A> {
    /// Compiles a list from its last line to its first; neighbours with the same
    /// action are united before they change the result (Batfish, `IpAccessListToBdd`).
    pub(super) fn compile(
        &mut self,
        lines: &[Line<A, BddSet>],
    ) -> Result<Verdicts<BddSet>, SetError> {
        let (mut permit, mut unknown) = (EMPTY, EMPTY);
        for block in lines.chunk_by(|a, b| a.action == b.action).rev() {
            let mut matched: Vec<Edge> = Vec::with_capacity(block.len());
            for line in block {
                let mut edge = self.conjunction(&line.when.fields);
                if let Some(within) = line.when.within {
                    let within = self.open(within)?;
                    edge = self.nodes.and(edge, within);
                }
                matched.push(edge);
            }
            let matched = self.nodes.or_all(matched);
            for (action, set) in [
                (Action::Permit, &mut permit),
                (Action::Unknown, &mut unknown),
            ] {
                *set = if block.first().is_some_and(|line| line.action == action) {
                    self.nodes.or(*set, matched)
                } else {
                    self.nodes.and(*set, matched ^ 1)
                };
            }
        }
        let (permit, unknown) = (self.close(permit)?, self.close(unknown)?);
        let decided = self.or(permit, unknown)?;
        Ok(Verdicts {
            permit,
            deny: self.not(decided),
            unknown,
        })
    }
}
