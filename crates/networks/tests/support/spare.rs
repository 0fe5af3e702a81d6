//! What matters to reverse-path checks alone: routes that are installed but not
//! used, and devices that do not check answers.

use super::build::{Built, unknown};
use super::random::Random;
use networks::forwarding::SpareRoute;
use networks::model::{InterfaceId, ReversePath};

/// Gives interfaces with feasible checks spare routes beside entries at random.
pub(super) fn add(random: &mut Random, built: &mut Built) {
    let Built {
        network, routing, ..
    } = built;
    for (device, routing) in network.devices.iter_mut().zip(&mut routing.devices) {
        device.sessions.answers_unchecked = random.percent(50);
        for (number, interface) in (0u32..).zip(&device.interfaces) {
            let vrf = &mut routing.vrfs[interface.vrf.index()];
            let entries = vrf.fib.entries();
            let feasible = matches!(interface.reverse_path, Some(ReversePath::Feasible { .. }));
            if !feasible || entries.is_empty() || !random.percent(60) {
                continue;
            }
            let prefix = random.pick(entries).prefix;
            let doubted = random.percent(20);
            vrf.spare.push(SpareRoute {
                prefix,
                interface: InterfaceId(number),
                unknown: if doubted {
                    vec![unknown("a spare route")]
                } else {
                    Vec::new()
                },
            });
        }
    }
}
