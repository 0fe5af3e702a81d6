use crate::support::{edited, read, today};

/// Prints every journey that is asked for, and by how many lines.
fn journeys(changes: &[(&str, &str)]) -> String {
    let (_, region) = read(changes);
    let journeys = region.unwrap().journeys(today());
    let lines = journeys.iter().map(|(key, by)| {
        let by: Vec<_> = by.iter().map(|by| by.agreement.as_str()).collect();
        format!("{key}: {}", by.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// People are asked for from the segments in which they may sit: the council's
/// at the hot desks, not on the wards.
#[test]
fn from_where_people_may_sit() {
    insta::assert_snapshot!(journeys(&[]), @"
    county-council at downs-general/hot-desks to county-council/social-care: discharge
    county-council at downs-general/hot-desks to downs-hospital/records: discharge
    downs-hospital at county-hall/offices to downs-hospital/records: discharge
    ");
}

/// An agreement that is not in force asks for nothing.
#[test]
fn agreements_not_in_force() {
    let path = "agreements/discharge.yaml";
    for (from, to) in [
        ("until: 2027-03-31", "until: 2026-11-22"),
        ("from: 2026-04-01", "from: 2026-11-24"),
    ] {
        assert_eq!(journeys(&[(path, &edited(path, from, to))]), "");
    }
}

/// Excess is judged between networks, where there are agreements at all.
#[test]
fn exposures() {
    let show = |changes: &[(&str, &str)]| {
        let (_, region) = read(changes);
        let exposures = region.unwrap().exposures(today());
        let lines = exposures.iter().map(|pair| {
            let asked: Vec<_> = pair.asked_by.iter().map(ToString::to_string).collect();
            let judged = if pair.judged { "judged" } else { "not judged" };
            format!(
                "{} to {}: {judged}, asked by [{}]",
                pair.segment,
                pair.service,
                asked.join(", ")
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(show(&[]), @"
    county-hall/offices to county-council/social-care: not judged, asked by []
    county-hall/offices to downs-hospital/records: judged, asked by [discharge]
    downs-general/wards to county-council/social-care: judged, asked by []
    downs-general/wards to downs-hospital/records: not judged, asked by []
    downs-general/hot-desks to county-council/social-care: judged, asked by [discharge]
    downs-general/hot-desks to downs-hospital/records: not judged, asked by [discharge]
    ");
    let none = show(&[("agreements/discharge.yaml", "")]);
    assert!(!none.contains(": judged"), "{none}");
}
