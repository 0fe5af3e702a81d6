//! Bounds that keep every proof finite in time and memory.
//!
//! Beyond one of them the answer is `unknown`, never a guess.

/// How deep conditions may be nested within each other. Dialects nest a handful.
pub(super) const CONDITION_DEPTH_MAX: usize = 100;

/// How many ways of setting marks one chain may keep apart. A Linux rule set
/// with one mark for each of its uplinks has about ten.
pub(super) const PIECES_MAX: usize = 256;

/// How many places, each for one slice of destinations, one proof may visit.
/// A region of 264 networks has about 40,000.
pub(super) const NODES_MAX: usize = 2_000_000;

/// How often the nodes of one loop are worked out again. Each time some set
/// grows; a loop of ten devices settles within about twenty.
pub(super) const ROUNDS_MAX: usize = 1_000;

/// How many states the way there and back of one question may have.
/// Twenty hops with four equal-cost ways at each have about a hundred.
pub(super) const STATES_MAX: usize = 50_000;

/// How often one packet may be translated on its way.
pub(super) const TRANSLATIONS_MAX: usize = 16;

/// How many unread lines of a device, or of one of its interfaces, are named as
/// why packets are unknown. The first makes them so; nobody reads a thousand.
pub(super) const UNREAD_NAMED_MAX: usize = 1_000;

/// Between how many headers a translation may choose for the packets of each to
/// be followed on their own. A pool of four addresses with three ports has 12;
/// the ports of one address are too many, and are followed together.
pub(super) const PICKS_MAX: usize = 16;
