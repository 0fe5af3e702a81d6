//! Who holds virtual addresses.

use crate::support::{interface, line, network, router};
use networks::control::compute;
use networks::model::{
    Device, InterfaceId, RedundancyGroup, RedundancyProtocol, RedundancyTracking, TrackedObject,
};

/// A router on a shared subnet with one group; `e1` is there to be watched.
fn member(name: &str, address: &str, priority: u8) -> Device {
    let mut device = router(name);
    let id = interface(&mut device, "e0", &[address]);
    interface(&mut device, "e1", &[]);
    device.interfaces[id.index()].redundancy = vec![RedundancyGroup {
        protocol: RedundancyProtocol::Hsrp,
        group: 1,
        addresses: vec!["10.0.0.254".parse().unwrap()],
        priority,
        preempt: true,
        tracking: Vec::new(),
        origin: line(1),
    }];
    device
}

/// Compares the holders with their names.
fn check(devices: Vec<Device>, expected: &[&str]) -> Vec<&'static str> {
    let network = network(devices);
    let routing = compute(&network);
    let holders: Vec<&str> = network
        .devices
        .iter()
        .zip(&routing.devices)
        .filter(|(_, routing)| routing.is_active(InterfaceId(0), 0))
        .map(|(device, _)| device.name.as_str())
        .collect();
    assert_eq!(holders, expected);
    crate::support::codes(&routing)
}

/// The greatest priority wins, the highest address on ties.
#[test]
fn priority_then_address() {
    check(
        vec![
            member("a", "10.0.0.1/24", 110),
            member("b", "10.0.0.2/24", 100),
        ],
        &["a"],
    );
    check(
        vec![
            member("a", "10.0.0.1/24", 100),
            member("b", "10.0.0.2/24", 100),
        ],
        &["b"],
    );
}

/// An interface that is down lowers the priority of who watches it, and a
/// group whose interface is down takes no part.
#[test]
fn tracking_and_interface_state() {
    let mut devices = vec![
        member("a", "10.0.0.1/24", 110),
        member("b", "10.0.0.2/24", 105),
    ];
    devices[0].interfaces[0].redundancy[0].tracking = vec![RedundancyTracking {
        object: TrackedObject::Interface(InterfaceId(1)),
        decrement: Some(10),
        origin: line(2),
    }];
    check(devices.clone(), &["a"]);
    devices[0].interfaces[1].enabled = false;
    check(devices.clone(), &["b"]);
    devices[1].interfaces[0].enabled = false;
    check(devices, &["a"]);
}

/// A role that rests on what only the running devices know is an assumption.
#[test]
fn run_time_tracking_is_an_assumption() {
    let mut devices = vec![
        member("a", "10.0.0.1/24", 110),
        member("b", "10.0.0.2/24", 105),
    ];
    devices[0].interfaces[0].redundancy[0].tracking = vec![RedundancyTracking {
        object: TrackedObject::RunTime,
        decrement: Some(10),
        origin: line(2),
    }];
    assert_eq!(check(devices, &["a"]), ["redundancy-role-assumed"]);
}
