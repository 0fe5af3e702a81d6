//! Routers of whom no configuration is held or read may announce what others
//! have no route for.

use crate::support::{data, folder, load};
use networks::interpret::{Choices, Disposition, Interpreter, Start};
use networks::model::Unknown;
use packets::{Fragment, Packet, Protocol, TcpFlags};
use snapshots::Snapshot;

const OSPF: &str = "hostname a
interface GigabitEthernet0/0
 ip address 10.0.0.1 255.255.255.0
 ip ospf 1 area 0
router ospf 1
";
const STATIC: &str = "hostname b
interface GigabitEthernet0/0
 ip address 10.1.0.1 255.255.255.0
";
const BGP: &str = "hostname c
interface GigabitEthernet0/0
 ip address 10.2.0.1 255.255.255.0
router bgp 65000
 neighbor 10.2.0.9 remote-as 65001
";
const JUNOS: &str = "set system host-name j\nset interfaces ge-0/0/0 unit 0\n";

/// How a packet that a device sends to an address ends: the reasons where that
/// is unknown.
fn end(snapshot: &Snapshot, device: &str, to: &str) -> Result<Disposition, Vec<Unknown>> {
    let routing = snapshot.routing();
    let choices = Choices::default();
    let interpreter = Interpreter::new(&snapshot.network, &routing, &choices);
    let mut devices = snapshot.network.devices();
    let (id, _) = devices.find(|(_, known)| known.name == device).unwrap();
    let packet = Packet {
        source: "10.9.9.9".parse().unwrap(),
        destination: to.parse().unwrap(),
        protocol: Protocol::UDP,
        source_port: 5_000,
        destination_port: 53,
        tcp_flags: TcpFlags::default(),
        fragment: Fragment::First,
        mark: 0,
    };
    let walk = interpreter.forward(Start::Sent(id), packet);
    match &walk.traces[0].disposition {
        Disposition::Unknown(causes) => Err(causes.clone()),
        other => Ok(other.clone()),
    }
}

/// What nobody known announces is unknown to those who speak a routing protocol
/// beside a device that is not read, by the line that tells its language; to
/// others it is not.
#[test]
fn beside_a_device_that_is_not_read() {
    let files = [("configs/a.cfg", OSPF), ("configs/b.cfg", STATIC)];
    let alone = load(folder(&files).path());
    let beside = load(folder(&[files[0], files[1], ("configs/j.cfg", JUNOS)]).path());
    assert!(matches!(
        end(&alone, "a", "10.8.0.1"),
        Ok(Disposition::NoRoute { .. })
    ));
    assert!(matches!(
        end(&beside, "b", "10.8.0.1"),
        Ok(Disposition::NoRoute { .. })
    ));
    let causes = end(&beside, "a", "10.8.0.1").unwrap_err();
    assert_eq!(
        causes[0].reason,
        "`j` may announce a route: the language of Juniper Junos is not read yet"
    );
    let place = beside.sources.location(causes[0].origin).unwrap();
    assert_eq!((place.path, place.line), ("configs/j.cfg", 1));
    // What is known stays known.
    assert!(matches!(
        end(&beside, "a", "10.0.0.7"),
        Ok(Disposition::Delivered { .. })
    ));
}

/// The same beside a BGP neighbour of whom no configuration is held.
#[test]
fn beside_a_neighbour_whom_nobody_holds() {
    let snapshot = load(folder(&[("configs/c.cfg", BGP)]).path());
    let causes = end(&snapshot, "c", "10.8.0.1").unwrap_err();
    let place = snapshot.sources.location(causes[0].origin).unwrap();
    assert_eq!((place.path, place.line), ("configs/c.cfg", 5));
}

/// In a lab of real devices, what an NX-OS router announces alone is unknown,
/// not absent: `R1-ios` had the route.
#[test]
fn what_an_unread_router_of_a_lab_announced() {
    let Some(lab) = data("lab-validation/ospf_lab_validation") else {
        return;
    };
    let snapshot = load(&lab);
    let causes = end(&snapshot, "R1-ios", "192.168.123.5").unwrap_err();
    let place = snapshot.sources.location(causes[0].origin).unwrap();
    assert_eq!(place.path, "configs/R5-nxos/show_running-config.txt");
}
