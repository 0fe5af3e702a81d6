//! Passing paths between speakers until nobody has anything new to say.

mod run;

use super::super::doubt::Doubt;
use super::super::policy::Expressions;
use super::super::table::Table;
use super::announcing::Announcer;
use super::paths::{Attributes, From, Path};
use super::receiving::receive;
use super::selection::{Choice, Chooser, Contender, Reach};
use super::sessions::{Session, Speakers};
use ipnet::{IpNet, Ipv4Net};
use run::Run;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::rc::Rc;

/// How often one speaker may look at one prefix before the prefix counts as
/// never settling: far above what path exploration needs in networks of a few
/// hundred speakers.
const LOOKS_MAX: u32 = 400;

/// Who is heard first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Whoever spoke first.
    FirstCome,
    /// Of those who spoke in one round, whoever spoke last; a plain stack
    /// would explore far more paths than it settles.
    LastCome,
}

/// What a speaker holds for one prefix.
#[derive(Debug, Default)]
struct Held {
    own: Vec<Path>,
    learned: Vec<Path>,
    choice: Choice,
    /// The paths whose next hops could be reached when neighbours were told
    /// last; `None` where they have to be told again.
    told: Option<Vec<Path>>,
    /// What was announced last, by session.
    announced: FxHashMap<usize, Announcement>,
    /// The identifiers given to paths when several are announced.
    ids: Vec<(From, u32)>,
}

/// Paths announced for one prefix, with their identifiers.
type Announcement = Vec<(u32, Rc<Attributes>)>;

/// What all speakers hold.
#[derive(Default)]
pub(super) struct Exchange<'a> {
    pub(super) sessions: Vec<Session<'a>>,
    /// By speaker: its sessions.
    of_speaker: Vec<Vec<usize>>,
    held: Vec<FxHashMap<IpNet, Held>>,
    /// Prefixes that never fell silent.
    pub(super) noisy: BTreeSet<IpNet>,
}

impl<'a> Exchange<'a> {
    /// Takes the sessions that are up; where they are others than before,
    /// everything learned is forgotten.
    pub(super) fn take_sessions(&mut self, speakers: &Speakers<'a>, sessions: Vec<Session<'a>>) {
        let same = self.sessions.len() == sessions.len()
            && self
                .sessions
                .iter()
                .zip(&sessions)
                .all(|(old, new)| old.key() == new.key() && old.doubt == new.doubt);
        if same && self.held.len() == speakers.all.len() {
            return;
        }
        self.held.clear();
        self.held
            .resize_with(speakers.all.len(), FxHashMap::default);
        self.of_speaker = vec![Vec::new(); speakers.all.len()];
        for (at, session) in sessions.iter().enumerate() {
            if let Some(own) = self.of_speaker.get_mut(session.owner) {
                own.push(at);
            }
        }
        self.sessions = sessions;
    }

    /// Lets everybody speak until silence.
    pub(super) fn run(
        &mut self,
        speakers: &Speakers<'a>,
        tables: &[Vec<Table>],
        expressions: &Expressions,
        order: Order,
    ) {
        let mut run = Run::new(speakers, tables, expressions, order);
        self.noisy.clear();
        for speaker in 0..speakers.all.len() {
            self.originate(&mut run, speaker);
        }
        while let Some((speaker, prefix)) = run.pop() {
            let looks = run.looks.entry((speaker, prefix)).or_default();
            *looks += 1;
            if *looks > LOOKS_MAX {
                self.noisy.insert(prefix);
            }
            if !self.noisy.contains(&prefix) {
                self.look(&mut run, speaker, prefix);
            }
        }
    }

    /// Puts in what a speaker announces of its own, and has it look at
    /// everything it holds.
    fn originate(&mut self, run: &mut Run<'_, 'a>, speaker: usize) {
        let mut own = run
            .originator(speaker)
            .map(|originator| originator.paths())
            .unwrap_or_default();
        let Some(held) = self.held.get_mut(speaker) else {
            return;
        };
        for (prefix, held) in held.iter_mut() {
            let new = own.remove(prefix).unwrap_or_default();
            held.own.retain(|path| path.from == From::Aggregate);
            held.own.extend(new);
        }
        for (prefix, paths) in own {
            held.entry(prefix).or_default().own = paths;
        }
        let says_default = self
            .of_speaker
            .get(speaker)
            .into_iter()
            .flatten()
            .any(|&at| {
                self.sessions.get(at).is_some_and(|session| {
                    let exchanges = [&session.neighbor.ipv4, &session.neighbor.ipv6];
                    exchanges
                        .into_iter()
                        .flatten()
                        .any(|exchange| exchange.default_originate.is_some())
                })
            });
        if says_default {
            held.entry(IpNet::V4(Ipv4Net::default())).or_default();
        }
        let mut prefixes: Vec<IpNet> = held.keys().copied().collect();
        prefixes.sort_unstable();
        for prefix in prefixes {
            run.push(speaker, prefix);
        }
    }

    /// Has a speaker choose anew for one prefix and tell its neighbours.
    fn look(&mut self, run: &mut Run<'_, 'a>, speaker: usize, prefix: IpNet) {
        let Some((choice, usable)) = self.choose(run, speaker, prefix) else {
            return;
        };
        let Some(held) = self
            .held
            .get_mut(speaker)
            .and_then(|held| held.get_mut(&prefix))
        else {
            return;
        };
        let changed = held.choice != choice;
        held.choice = choice;
        // A default may be told by a condition on other routes.
        let old_news = !changed && prefix.prefix_len() > 0 && held.told.as_ref() == Some(&usable);
        if old_news {
            return;
        }
        held.told = Some(usable.clone());
        if changed {
            self.aggregate(run, speaker, prefix);
        }
        let sessions = self.of_speaker.get(speaker).cloned().unwrap_or_default();
        for at in sessions {
            let announcement = self.announcement(run, at, prefix, &usable);
            let Some(held) = self
                .held
                .get_mut(speaker)
                .and_then(|held| held.get_mut(&prefix))
            else {
                return;
            };
            let before = held.announced.get(&at);
            if before.map_or(announcement.is_empty(), |before| *before == announcement) {
                continue;
            }
            held.announced.insert(at, announcement.clone());
            self.deliver(run, at, prefix, &announcement);
        }
    }

    /// Chooses among the paths whose next hops can be reached; returns these too.
    fn choose(
        &mut self,
        run: &mut Run<'_, 'a>,
        speaker: usize,
        prefix: IpNet,
    ) -> Option<(Choice, Vec<Path>)> {
        let held = self.held.get(speaker)?.get(&prefix)?;
        let mut contenders = Vec::new();
        for path in held.own.iter().chain(&held.learned) {
            let reach = match (path.is_local(), path.attributes.next_hop) {
                (true, _) => Some(Reach::default()),
                (false, Some(next_hop)) => run.reach(speaker, prefix, next_hop),
                (false, None) => None,
            };
            if let Some(reach) = reach {
                contenders.push(Contender { path, reach });
            }
        }
        // The order of arrival must not show in what is chosen.
        contenders.sort_by_key(|contender| (contender.path.from, contender.path.id));
        let chooser = Chooser {
            speaker: run.speakers.all.get(speaker)?,
            sessions: &self.sessions,
        };
        let choice = chooser.choose(&contenders);
        let usable = contenders
            .into_iter()
            .map(|contender| contender.path.clone())
            .collect();
        Some((choice, usable))
    }

    /// Makes the aggregates anew that the prefix is under.
    fn aggregate(&mut self, run: &mut Run<'_, 'a>, speaker: usize, prefix: IpNet) {
        let Some(settings) = run.speakers.all.get(speaker).map(|own| own.settings) else {
            return;
        };
        for aggregate in &settings.aggregates {
            let over = aggregate.prefix.trunc();
            if !over.contains(&prefix) || over == prefix {
                continue;
            }
            let Some(held) = self.held.get_mut(speaker) else {
                return;
            };
            let under: BTreeSet<IpNet> = held
                .iter()
                .filter(|(own, held)| {
                    over.contains(*own) && **own != over && !held.choice.used.is_empty()
                })
                .map(|(own, _)| *own)
                .collect();
            let best = under
                .iter()
                .filter_map(|own| Some((*own, held.get(own)?.choice.used.first()?)));
            let path = run
                .originator(speaker)
                .and_then(|originator| originator.aggregate(aggregate, best));
            let slot = held.entry(over).or_default();
            let before = slot.own.iter().find(|path| path.from == From::Aggregate);
            if before == path.as_ref() {
                continue;
            }
            slot.own.retain(|path| path.from != From::Aggregate);
            slot.own.extend(path);
            run.push(speaker, over);
            // What it suppresses may have to be told or withdrawn.
            for own in under {
                if let Some(held) = held.get_mut(&own) {
                    held.told = None;
                }
                run.push(speaker, own);
            }
        }
    }

    fn is_suppressed(&self, run: &Run<'_, 'a>, speaker: usize, prefix: IpNet, path: &Path) -> bool {
        let Some(originator) = run.originator(speaker) else {
            return false;
        };
        originator
            .speaker
            .settings
            .aggregates
            .iter()
            .any(|aggregate| {
                let over = aggregate.prefix.trunc();
                let active = || {
                    self.held
                        .get(speaker)
                        .and_then(|held| held.get(&over))
                        .is_some_and(|held| held.own.iter().any(|own| own.from == From::Aggregate))
                };
                over.contains(&prefix)
                    && over != prefix
                    && active()
                    && originator.suppresses(aggregate, prefix, path)
            })
    }

    /// What is to be announced over a session for a prefix.
    fn announcement(
        &mut self,
        run: &Run<'_, 'a>,
        at: usize,
        prefix: IpNet,
        usable: &[Path],
    ) -> Announcement {
        let Some(session) = self.sessions.get(at) else {
            return Vec::new();
        };
        let mirror = self.sessions.get(session.mirror);
        let (Some(exchange), Some(theirs)) = (
            session.exchange(prefix),
            mirror.and_then(|mirror| mirror.exchange(prefix)),
        ) else {
            return Vec::new();
        };
        let speaker = session.owner;
        let (Some(own), Some(originator)) =
            (run.speakers.all.get(speaker), run.originator(speaker))
        else {
            return Vec::new();
        };
        let announcer = Announcer {
            speaker: own,
            session,
            sessions: &self.sessions,
            exchange,
            policies: originator.policies,
        };
        if let Some(policy) = exchange
            .default_originate
            .filter(|_| prefix.prefix_len() == 0)
        {
            let default = originator.default_for(policy, session.neighbor.origin);
            if let Some(attributes) = default.map(|path| announcer.announce_default(&path)) {
                return vec![(0, attributes)];
            }
        }
        let Some(held) = self.held.get(speaker).and_then(|held| held.get(&prefix)) else {
            return Vec::new();
        };
        let several = exchange.add_path.send && theirs.add_path.receive;
        let count = match (several, exchange.add_path.advertise_all) {
            (true, true) => usize::MAX,
            (true, false) => usize::from(exchange.add_path.advertise_best).max(1),
            (false, _) => 1,
        };
        let mut doubt = held.choice.doubt.clone();
        doubt.add(&held.choice.announced_doubt);
        if count == usize::MAX {
            // All are told, so the choice does not show.
            doubt = Doubt::NONE;
        }
        let paths = self.paths_to_tell(run, (speaker, prefix), &held.choice, usable, count);
        let told: Vec<(Path, Rc<Attributes>)> = paths
            .into_iter()
            .filter_map(|path| {
                let attributes = announcer.announce(prefix, &path, &doubt)?;
                Some((path, attributes))
            })
            .collect();
        let Some(held) = self
            .held
            .get_mut(speaker)
            .and_then(|held| held.get_mut(&prefix))
        else {
            return Vec::new();
        };
        told.into_iter()
            .map(|(path, attributes)| {
                let id = if several { held.id_of(&path) } else { 0 };
                (id, attributes)
            })
            .collect()
    }

    /// The first paths, those used before the others, that no aggregate hides.
    fn paths_to_tell(
        &self,
        run: &Run<'_, 'a>,
        (speaker, prefix): (usize, IpNet),
        choice: &Choice,
        usable: &[Path],
        count: usize,
    ) -> Vec<Path> {
        let rest = usable.iter().filter(|path| !choice.used.contains(path));
        choice
            .used
            .iter()
            .chain(rest)
            .take(count)
            .filter(|path| !self.is_suppressed(run, speaker, prefix, path))
            .cloned()
            .collect()
    }

    /// Brings an announcement to the other end.
    fn deliver(
        &mut self,
        run: &mut Run<'_, 'a>,
        at: usize,
        prefix: IpNet,
        announcement: &Announcement,
    ) {
        let Some(mirror) = self.sessions.get(at).map(|session| session.mirror) else {
            return;
        };
        let Some(session) = self.sessions.get(mirror) else {
            return;
        };
        let receiver = session.owner;
        let (Some(own), Some(exchange), Some(originator)) = (
            run.speakers.all.get(receiver),
            session.exchange(prefix),
            run.originator(receiver),
        ) else {
            return;
        };
        let new: Vec<Path> = announcement
            .iter()
            .filter_map(|(id, attributes)| {
                receive(
                    own,
                    (mirror, session),
                    exchange,
                    originator.policies,
                    prefix,
                    (*id, attributes),
                )
            })
            .collect();
        let Some(held) = self.held.get_mut(receiver) else {
            return;
        };
        if new.is_empty() && !held.contains_key(&prefix) {
            return;
        }
        let held = held.entry(prefix).or_default();
        let (old, mut others): (Vec<Path>, Vec<Path>) = held
            .learned
            .drain(..)
            .partition(|path| path.from == From::Session(mirror));
        let changed = old != new;
        others.extend(new);
        held.learned = others;
        if changed {
            run.push(receiver, prefix);
        }
    }

    /// Returns the choices of a speaker, in the order of prefixes.
    pub(super) fn choices(&self, speaker: usize) -> Vec<(IpNet, &Choice)> {
        let mut choices: Vec<(IpNet, &Choice)> = self
            .held
            .get(speaker)
            .into_iter()
            .flatten()
            .map(|(prefix, held)| (*prefix, &held.choice))
            .collect();
        choices.sort_unstable_by_key(|(prefix, _)| *prefix);
        choices
    }

    /// Tells whether a speaker has a path to the prefix.
    pub(super) fn holds(&self, speaker: usize, prefix: IpNet) -> bool {
        self.held
            .get(speaker)
            .and_then(|held| held.get(&prefix))
            .is_some_and(|held| !held.own.is_empty() || !held.learned.is_empty())
    }

    /// Counts the prefixes a speaker learned over a session.
    pub(super) fn learned_from(&self, speaker: usize, session: usize) -> usize {
        let from_session = |held: &&Held| {
            held.learned
                .iter()
                .any(|path| path.from == From::Session(session))
        };
        self.held
            .get(speaker)
            .map_or(0, |held| held.values().filter(from_session).count())
    }

    /// Returns the prefixes for which a speaker uses other paths than in
    /// another exchange over the same sessions.
    pub(super) fn differing(&self, other: &Self, speaker: usize) -> Vec<IpNet> {
        let (Some(own), Some(theirs)) = (self.held.get(speaker), other.held.get(speaker)) else {
            return Vec::new();
        };
        // Over which of several sessions the same path came makes no difference.
        let used = |held: Option<&Held>| {
            let mut used: Vec<(bool, Option<IpAddr>)> = held
                .into_iter()
                .flat_map(|held| &held.choice.used)
                .map(|path| (path.is_local(), path.attributes.next_hop))
                .collect();
            used.sort_unstable();
            used
        };
        let mut prefixes: Vec<IpNet> = own.keys().chain(theirs.keys()).copied().collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes.retain(|prefix| used(own.get(prefix)) != used(theirs.get(prefix)));
        prefixes
    }
}

impl Held {
    /// Returns a lasting identifier of a path.
    fn id_of(&mut self, path: &Path) -> u32 {
        let key = (path.from, path.id);
        let at = self
            .ids
            .iter()
            .position(|id| *id == key)
            .unwrap_or_else(|| {
                self.ids.push(key);
                self.ids.len() - 1
            });
        u32::try_from(at + 1).unwrap_or(u32::MAX)
    }
}
