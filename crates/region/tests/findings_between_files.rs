use crate::support::{edited, read, show, today};

/// Reads the region with files replaced, and returns what does not fit together.
fn findings(changes: &[(&str, &str)]) -> String {
    let (sources, region) = read(changes);
    match region {
        Ok(region) => show(&sources, &region.findings(today())),
        Err(problems) => panic!("{}", show(&sources, &problems)),
    }
}

/// Replaces one text in one file.
fn with(path: &str, from: &str, to: &str) -> String {
    findings(&[(path, &edited(path, from, to))])
}

/// A region that is as it should be has no findings.
#[test]
fn nothing_to_find() {
    assert_eq!(findings(&[]), "");
}

/// A name that stands for nothing is told with the name that was meant.
#[test]
fn dangling_references() {
    let site = with(
        "sites/county-hall.yaml",
        "network: county",
        "network: conty",
    );
    let agreement = with(
        "agreements/discharge.yaml",
        "county-council/social-care",
        "county-council/socal-care",
    );
    let role = with("agreements/discharge.yaml", "[social-worker]", "[doctor]");
    let footprint = with("organisations/downs-hospital.yaml", "[weald]", "[wield]");
    let attachment = with(
        "networks/downs/network.yaml",
        "attachment: downs",
        "attachment: down",
    );
    insta::assert_snapshot!([site, agreement, role, footprint, attachment].join("\n"), @"
    error[region-reference-dangling]: there is no network `conty`
      sites/county-hall.yaml:1:10
      | network: conty
      |          ^^^^^
      owner: county-council
      hint: did you mean `county`?

    error[region-reference-dangling]: there is no service `county-council/socal-care`
      agreements/discharge.yaml:8:10
      |     to: [county-council/socal-care, downs-hospital/records]
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^
      owner: downs-hospital
      hint: did you mean `county-council/social-care`?

    error[region-reference-dangling]: there is no role `doctor`
      agreements/discharge.yaml:6:52
      |   - who: {organisations: [county-council], roles: [doctor]}
      |                                                    ^^^^^^
      owner: downs-hospital
      hint: describe the role, or remove the reference

    error[region-reference-dangling]: there is no footprint `wield`
      organisations/downs-hospital.yaml:4:14
      | footprints: [wield]
      |              ^^^^^
      owner: downs-hospital
      hint: describe the footprint, or remove the reference

    error[region-reference-dangling]: there is no attachment `down`
      networks/downs/network.yaml:8:63
      |       cloud: {network: carrier, assumption: mpls, attachment: down}
      |                                                               ^^^^
      owner: downs-hospital
      hint: did you mean `downs`?
    ");
}

/// An agreement that has ended asks for nothing, and that is told.
#[test]
fn expired_agreement() {
    insta::assert_snapshot!(with("agreements/discharge.yaml", "until: 2027-03-31", "until: 2026-11-22"), @"
    warning[region-agreement-expired]: the agreement `discharge` ended on 2026-11-22
      agreements/discharge.yaml:3:8
      | until: 2026-11-22
      |        ^^^^^^^^^^
      owner: downs-hospital
      hint: renew it, or remove the file: nothing that it allowed is asked for any longer
    ");
}

/// The last day counts.
#[test]
fn agreement_on_its_last_day() {
    assert_eq!(
        with(
            "agreements/discharge.yaml",
            "until: 2027-03-31",
            "until: 2026-11-23"
        ),
        ""
    );
}

/// An agreement whose days are turned round.
#[test]
fn agreement_ends_before_it_begins() {
    insta::assert_snapshot!(with("agreements/discharge.yaml", "until: 2027-03-31", "until: 2025-03-31"), @"
    error[region-agreement-dates]: the agreement ends on 2025-03-31, before it begins on 2026-04-01
      agreements/discharge.yaml:3:8
      | until: 2025-03-31
      |        ^^^^^^^^^^
      owner: downs-hospital
      hint: correct `from` or `until`
    ");
}

/// An assumption that nobody renewed.
#[test]
fn expired_assumption() {
    insta::assert_snapshot!(with("networks/carrier/network.yaml", "until: 2027-01-01", "until: 2026-10-31"), @"
    warning[region-assumption-expired]: the assumption `mpls` may be relied on until 2026-10-31 only
      networks/carrier/network.yaml:7:12
      |     until: 2026-10-31
      |            ^^^^^^^^^^
      owner: downs-hospital
      hint: ask again whether it is still so, and write the new days
    ");
}

/// A missing approval is a note.
#[test]
fn unapproved_agreement() {
    insta::assert_snapshot!(with("agreements/discharge.yaml", "  - {organisation: county-council, kind: executive, by: B. Reed, on: 2026-03-02}\n", ""), @"
    note[region-agreement-unapproved]: `county-council` has not given the executive approval of `discharge`
      agreements/discharge.yaml:1:27
      | parties: [downs-hospital, county-council]
      |                           ^^^^^^^^^^^^^^
      owner: county-council
      hint: add it to `approvals` when it is given
    ");
}

/// Addresses allocated twice, and what follows for segments.
#[test]
fn overlapping_allocations() {
    insta::assert_snapshot!(with("networks/county/network.yaml", "[10.96.0.0/14]", "[10.96.0.0/14, 10.41.0.0/16]"), @"
    error[region-allocation-overlap]: 10.40.0.0/13 of `downs` and 10.41.0.0/16 of `county` are allocated twice
      networks/county/network.yaml:3:27
      | allocated: [10.96.0.0/14, 10.41.0.0/16]
      |                           ^^^^^^^^^^^^
      because: allocated to `downs` here networks/downs/network.yaml:3:13
      owner: county-council
      hint: agree which network keeps the addresses; the other translates
    ");
}

/// A segment and a service outside their network's allocation.
#[test]
fn outside_the_allocation() {
    let segment = with("sites/downs-general.yaml", "10.41.16.0/24", "10.20.16.0/24");
    let service = with(
        "organisations/county-council.yaml",
        "10.96.4.7",
        "10.95.4.7",
    );
    insta::assert_snapshot!([segment, service].join("\n"), @"
    warning[region-outside-allocation]: the segment `downs-general/wards` has 10.20.16.0/24, which is outside the allocation of `downs`
      sites/downs-general.yaml:6:16
      |     prefixes: [10.20.16.0/24]
      |                ^^^^^^^^^^^^^
      owner: downs-hospital
      hint: renumber it, translate it (`seen-as`), or extend `allocated`

    warning[region-outside-allocation]: the service `county-council/social-care` has 10.95.4.7, which is outside the allocation of `county`
      organisations/county-council.yaml:7:17
      |     addresses: [10.95.4.7]
      |                 ^^^^^^^^^
      owner: county-council
      hint: renumber it, translate it (`seen-as`), or extend `allocated`
    ");
}

/// A segment in 192.168/16 cannot be reached from another network, unless translated.
#[test]
fn home_addresses_between_networks() {
    let path = "sites/downs-general.yaml";
    let plain = with(path, "[10.41.16.0/24]", "[192.168.16.0/24]");
    // People of the council sit at the hot desks, not on the wards.
    let crossing = with(path, "[10.41.17.0/24]", "[192.168.17.0/24]");
    let translated = with(
        path,
        "[10.41.17.0/24]",
        "[192.168.17.0/24]\n    seen-as: [10.41.17.0/24]",
    );
    assert_eq!(translated, "");
    insta::assert_snapshot!([plain, crossing].join("\n"), @"
    warning[region-outside-allocation]: the segment `downs-general/wards` has 192.168.16.0/24, which is outside the allocation of `downs`
      sites/downs-general.yaml:6:16
      |     prefixes: [192.168.16.0/24]
      |                ^^^^^^^^^^^^^^^
      owner: downs-hospital
      hint: renumber it, translate it (`seen-as`), or extend `allocated`

    warning[region-outside-allocation]: the segment `downs-general/hot-desks` has 192.168.17.0/24, which is outside the allocation of `downs`
      sites/downs-general.yaml:9:16
      |     prefixes: [192.168.17.0/24]
      |                ^^^^^^^^^^^^^^^
      owner: downs-hospital
      hint: renumber it, translate it (`seen-as`), or extend `allocated`
    warning[region-private-crossing]: agreements ask for journeys between networks with 192.168.17.0/24 of `downs`
      sites/downs-general.yaml:9:16
      |     prefixes: [192.168.17.0/24]
      |                ^^^^^^^^^^^^^^^
      owner: downs-hospital
      hint: 192.168.0.0/16 is not routed between networks: translate it (`seen-as`)
    ");
}

/// Segments of different networks with the same addresses, and of one network.
#[test]
fn overlapping_segments() {
    let path = "sites/county-hall.yaml";
    let between = with(
        path,
        "10.97.0.0/24]\n    gateway: {address: 10.97.0.1}",
        "10.41.16.128/25]",
    );
    let within = with("sites/downs-general.yaml", "10.41.17.0/24", "10.41.16.0/23");
    insta::assert_snapshot!([between, within].join("\n"), @"
    error[region-segment-overlap]: the segments `downs-general/wards` (10.41.16.0/24) and `county-hall/offices` (10.41.16.128/25) overlap
      sites/county-hall.yaml:5:16
      |     prefixes: [10.41.16.128/25]
      |                ^^^^^^^^^^^^^^^
      because: the other segment sites/downs-general.yaml:6:16
      owner: county-council
      hint: renumber one of them, or translate it where others see it (`seen-as`)
    warning[region-outside-allocation]: the segment `county-hall/offices` has 10.41.16.128/25, which is outside the allocation of `county`
      sites/county-hall.yaml:5:16
      |     prefixes: [10.41.16.128/25]
      |                ^^^^^^^^^^^^^^^
      owner: county-council
      hint: renumber it, translate it (`seen-as`), or extend `allocated`

    error[region-segment-overlap]: the segments `downs-general/hot-desks` (10.41.16.0/23) and `downs-general/wards` (10.41.16.0/24) overlap
      sites/downs-general.yaml:6:16
      |     prefixes: [10.41.16.0/24]
      |                ^^^^^^^^^^^^^
      because: the other segment sites/downs-general.yaml:9:16
      owner: downs-hospital
      hint: renumber one of them, or translate it where others see it (`seen-as`)
    ");
}

/// Codes and realms of two organisations, and a code that is none.
#[test]
fn identities() {
    let path = "organisations/county-council.yaml";
    let realm = with(path, "county.gov.example", "Downs.NHS.example");
    let ods = with(path, "'816'", "RXD");
    let form = with(path, "'816'", "county 816");
    insta::assert_snapshot!([realm, ods, form].join("\n"), @"
    error[region-name-duplicate]: two organisations have the realm `downs.nhs.example`
      organisations/downs-hospital.yaml:3:8
      | realm: downs.nhs.example
      |        ^^^^^^^^^^^^^^^^^
      because: it stands here first organisations/county-council.yaml:3:8
      owner: downs-hospital
      hint: each organisation has its own

    error[region-name-duplicate]: two organisations have the ODS code `RXD`
      organisations/downs-hospital.yaml:1:6
      | ods: RXD
      |      ^^^
      because: it stands here first organisations/county-council.yaml:1:6
      owner: downs-hospital
      hint: each organisation has its own

    warning[region-ods-code-form]: `county 816` cannot be an ODS code
      organisations/county-council.yaml:1:6
      | ods: county 816
      |      ^^^^^^^^^^
      owner: county-council
      hint: an ODS code is three to twelve capital letters and digits
    ");
}

/// A site with the name of a network would make `place/segment` ambiguous.
#[test]
fn site_named_like_a_network() {
    insta::assert_snapshot!(findings(&[("sites/county.yaml", "network: county\n")]), @"
    error[region-name-duplicate]: `county` is a site and a network
      sites/county.yaml:1:1
      | network: county
      | ^
      because: it stands here first networks/county/network.yaml:1:1
      owner: county-council
      hint: rename the site: segments are written `site/segment` or `network/segment`
    ");
}

/// An agreement that speaks for somebody who is not party to it.
#[test]
fn not_a_party() {
    insta::assert_snapshot!(with("agreements/discharge.yaml", "parties: [downs-hospital, county-council]", "parties: [downs-hospital]"), @"
    error[region-agreement-not-party]: the people are of `county-council`, which is not a party
      agreements/discharge.yaml:6:27
      |   - who: {organisations: [county-council], roles: [social-worker]}
      |                           ^^^^^^^^^^^^^^
      owner: downs-hospital
      hint: an agreement binds its parties alone: add it to `parties`
    error[region-agreement-not-party]: the service is of `county-council`, which is not a party
      agreements/discharge.yaml:8:10
      |     to: [county-council/social-care, downs-hospital/records]
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^
      owner: downs-hospital
      hint: an agreement binds its parties alone: add it to `parties`
    error[region-agreement-not-party]: an approval is of `county-council`, which is not a party
      agreements/discharge.yaml:14:20
      |   - {organisation: county-council, kind: executive, by: B. Reed, on: 2026-03-02}
      |                    ^^^^^^^^^^^^^^
      owner: downs-hospital
      hint: an agreement binds its parties alone: add it to `parties`
    ");
}

/// An allowance from where its people may not sit.
#[test]
fn no_seat() {
    let path = "agreements/discharge.yaml";
    let segment = with(
        path,
        "sites: [downs-general]",
        "segments: [downs-general/wards]",
    );
    let site = findings(&[(
        "sites/downs-general.yaml",
        &edited("sites/downs-general.yaml", "[visitors]", "[downs-hospital]"),
    )]);
    insta::assert_snapshot!([segment, site].join("\n"), @"
    warning[region-agreement-no-seat]: people of `county-council` may not sit in `downs-general/wards`
      agreements/discharge.yaml:7:23
      |     from: {segments: [downs-general/wards]}
      |                       ^^^^^^^^^^^^^^^^^^^
      because: the segment sites/downs-general.yaml:4:3
      owner: downs-hospital
      hint: add them (or `visitors`) to the segment's `occupants`

    warning[region-agreement-empty]: this allows no journey: none of the people may sit in any of the places
      agreements/discharge.yaml:6:5
      |   - who: {organisations: [county-council], roles: [social-worker]}
      |     ^^^
      owner: downs-hospital
      hint: name sites with segments for them, or add them to `occupants`
    ");
}

/// What one agreement allows and another never allows.
#[test]
fn contradiction() {
    let never = "parties: [downs-hospital]
from: 2026-01-01
basis: Policy
never:
  - from: {segments: [downs-general/hot-desks]}
    to: {services: [downs-hospital/records]}
approvals:
  - {organisation: downs-hospital, kind: executive, by: A. Grey, on: 2026-01-01}
";
    insta::assert_snapshot!(findings(&[("agreements/visitors.yaml", never)]), @"
    error[region-agreement-contradiction]: `visitors` never allows what is allowed: county-council at downs-general/hot-desks to downs-hospital/records
      agreements/visitors.yaml:5:5
      |   - from: {segments: [downs-general/hot-desks]}
      |     ^^^^
      because: `discharge` allows it agreements/discharge.yaml:6:5
      owner: downs-hospital
      hint: the parties have to agree on one of the two
    ");
}

/// A link between two networks that only one of them declares.
#[test]
fn one_sided_link() {
    let path = "networks/downs/network.yaml";
    let link = "boundary:
  county:
    local: {device: downs-edge, interface: GigabitEthernet0/3}
    peer:
      device: {network: county, device: county-fw, interface: port3}
";
    insta::assert_snapshot!(with(path, "boundary:\n", link), @"
    note[region-boundary-one-sided]: `county` does not declare this link from `port3` of its `county-fw`
      networks/downs/network.yaml:5:3
      |   county:
      |   ^^^^^^
      owner: county-council
      hint: each of the two networks declares the link from its own side
    ");
}

/// Gateways outside their segment and VLANs that are none.
#[test]
fn gateways_and_vlans() {
    let gateway = with("sites/county-hall.yaml", "10.97.0.1", "10.97.1.1");
    let vlan = with("sites/downs-general.yaml", "vlan: 120", "vlan: 4095");
    insta::assert_snapshot!([gateway, vlan].join("\n"), @"
    error[region-outside-allocation]: the gateway `10.97.1.1` is in none of the prefixes of its segment
      sites/county-hall.yaml:6:24
      |     gateway: {address: 10.97.1.1}
      |                        ^^^^^^^^^
      owner: county-council
      hint: correct the gateway or the prefixes

    error[region-vlan-range]: `4095` is not a VLAN
      sites/downs-general.yaml:5:11
      |     vlan: 4095
      |           ^^^^
      owner: downs-hospital
      hint: VLANs have numbers from 1 to 4094 (IEEE 802.1Q)
    ");
}
