//! Sets of prefixes, and what policies leave of them.

use crate::model::{Device, PolicyAction, PrefixEntry, RouteMatch, RoutePolicy, RoutePolicyId};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The most boxes kept for one set; more become everything.
const BOXES_MAX: usize = 4096;

/// Prefixes under `net` whose length is from `min` to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in super::super) struct PrefixBox {
    pub(in super::super) net: IpNet,
    pub(in super::super) min: u8,
    pub(in super::super) max: u8,
}

impl PrefixBox {
    /// Exactly one prefix.
    pub(super) fn exactly(net: IpNet) -> Self {
        Self {
            net: net.trunc(),
            min: net.prefix_len(),
            max: net.prefix_len(),
        }
    }

    /// Every IPv4 prefix.
    pub(super) fn all_v4() -> Self {
        Self {
            net: IpNet::V4(Ipv4Net::default()),
            min: 0,
            max: 32,
        }
    }

    /// Every IPv6 prefix.
    pub(super) fn all_v6() -> Self {
        Self {
            net: IpNet::V6(Ipv6Net::default()),
            min: 0,
            max: 128,
        }
    }

    /// Tells whether the prefix is in it.
    pub(super) fn holds(&self, prefix: IpNet) -> bool {
        self.net.contains(&prefix) && (self.min..=self.max).contains(&prefix.prefix_len())
    }

    /// Tells whether every prefix of the other is in it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.net.contains(&other.net) && self.min <= other.min && self.max >= other.max
    }

    /// Returns what is in both.
    fn and(&self, other: &Self) -> Option<Self> {
        let net = if self.net.contains(&other.net) {
            other.net
        } else if other.net.contains(&self.net) {
            self.net
        } else {
            return None;
        };
        let min = self.min.max(other.min).max(net.prefix_len());
        let max = self.max.min(other.max);
        (min <= max).then_some(Self { net, min, max })
    }
}

/// Returns every prefix that a policy may let pass of these: at least those,
/// since only what terms say of prefixes is looked at, and refusals are not.
pub(super) fn through(
    device: &Device,
    policy: Option<RoutePolicyId>,
    space: &[PrefixBox],
) -> Vec<PrefixBox> {
    let Some(policy) = policy.and_then(|id| device.policy(id)) else {
        return space.to_vec();
    };
    let mut passing = Vec::new();
    for permitted in permitted(policy) {
        match permitted {
            None => return space.to_vec(),
            Some(entry) => passing.extend(space.iter().filter_map(|one| one.and(&entry))),
        }
    }
    bounded(passing)
}

/// Applies several policies, all of which must permit.
pub(super) fn through_all(
    device: &Device,
    policies: &[RoutePolicyId],
    space: Vec<PrefixBox>,
) -> Vec<PrefixBox> {
    policies.iter().fold(space, |space, policy| {
        through(device, Some(*policy), &space)
    })
}

/// Removes repetitions, and gives up on sets that grow too large.
pub(super) fn bounded(mut space: Vec<PrefixBox>) -> Vec<PrefixBox> {
    space.sort_unstable();
    space.dedup();
    if space.len() > BOXES_MAX {
        return vec![PrefixBox::all_v4(), PrefixBox::all_v6()];
    }
    space
}

/// What the terms of a policy permit; `None` is anything.
fn permitted(policy: &RoutePolicy) -> Vec<Option<PrefixBox>> {
    let mut permitted = Vec::new();
    for term in &policy.terms {
        if term.action == PolicyAction::Deny {
            continue;
        }
        let lists = term.matches.iter().find_map(|condition| match condition {
            RouteMatch::Prefix(lists) => Some(lists),
            _ => None,
        });
        match lists {
            None => permitted.push(None),
            Some(lists) => permitted.extend(lists.iter().flatten().filter_map(entry_box).map(Some)),
        }
    }
    if policy.default != PolicyAction::Deny {
        permitted.push(None);
    }
    permitted
}

fn entry_box(entry: &PrefixEntry) -> Option<PrefixBox> {
    match *entry {
        PrefixEntry::Net {
            permit: true,
            net,
            length_min,
            length_max,
            ..
        } => Some(PrefixBox {
            net: net.trunc(),
            min: length_min.max(net.prefix_len()),
            max: length_max,
        }),
        PrefixEntry::Wildcard {
            permit: true,
            length_min,
            length_max,
            ..
        } => Some(PrefixBox {
            min: length_min,
            max: length_max,
            ..PrefixBox::all_v4()
        }),
        _ => None,
    }
}
