//! What is asked, and what is answered.

use super::solve::{Goal, Quad};
use crate::model::{Condition, DeviceId, Port, Unknown};
use packets::{AddressSet, Packet};

/// Where packets start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// With hosts on the segment of this port, handed to whichever gateway they use.
    Segment(Port),
    /// Entering by this port.
    Port(Port),
    /// Sent by a device itself.
    Device(DeviceId),
}

/// Which packets one wants to know about.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Where they start.
    pub from: Start,
    /// Their source addresses. For spoofed packets too, all of them: nothing is
    /// assumed beyond what stands here.
    pub sources: AddressSet,
    /// Their destinations as they are sent.
    pub destinations: AddressSet,
    /// What else they are; only conditions on the header.
    pub traffic: Condition,
    /// Where they must arrive.
    pub goal: Goal,
    /// Whether their answers must come back, too.
    pub answered: bool,
}

/// For which packets something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares<S> {
    /// It works, whatever the network chooses.
    pub works: S,
    /// It works or not, as the network chooses.
    pub partly: S,
    /// It does not.
    pub blocked: S,
    /// It cannot be told.
    pub unknown: S,
}

/// What holds of all packets asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// No packet is as the question says.
    Vacuous,
    /// All of them pass, whatever the network chooses.
    Works,
    /// Some pass and some do not, or as the network chooses.
    Partly,
    /// None passes.
    Blocked,
    /// It cannot be told.
    Unknown,
}

/// Packets by what becomes of their answers on some way there and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers<S> {
    /// They surely come back on some way.
    pub back: S,
    /// They are surely lost, altered or misled on some way.
    pub lost: S,
    /// It cannot be told on some way there or back.
    pub doubt: S,
}

/// An answer, as sets that live as long as the engine's memory of them.
#[derive(Debug, Clone)]
pub struct Answer<S> {
    /// The packets asked for.
    pub asked: S,
    /// Which of them arrive.
    pub there: Quad<S>,
    /// Which of them arrive and have their answers come back; packets without
    /// an answer of their own count by their arrival.
    pub round: Quad<S>,
    /// What becomes of the answers to those that arrive, where that was asked.
    pub answers: Option<Answers<S>>,
    /// For which packets the question's whole way works.
    pub shares: Shares<S>,
    /// What holds of all.
    pub verdict: Verdict,
    /// The lines for which it cannot be told, in the order of the files.
    pub causes: Vec<Unknown>,
}

/// An answer in a few packets, which needs no memory of sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What holds of all packets asked for.
    pub verdict: Verdict,
    /// Whether some packets surely do not arrive, or not on all ways: as
    /// opposed to their answers.
    pub stopped_there: bool,
    /// A packet for which it works.
    pub works: Option<Packet>,
    /// A packet for which it works or not, as the network chooses.
    pub partly: Option<Packet>,
    /// A packet for which it does not work.
    pub blocked: Option<Packet>,
    /// A packet for which it cannot be told.
    pub unknown: Option<Packet>,
    /// The lines for which it cannot be told, in the order of the files.
    pub causes: Vec<Unknown>,
}
