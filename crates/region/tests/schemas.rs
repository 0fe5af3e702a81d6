use region::{SchemaKind, schema};

/// A schema refuses unknown keys and asks for what the parser asks for.
#[test]
fn schemas_are_as_strict_as_the_parser() {
    for (kind, required) in [
        (SchemaKind::Region, vec!["name"]),
        (SchemaKind::Network, vec!["kind", "owner"]),
        (SchemaKind::Organisation, vec!["network", "ods"]),
        (SchemaKind::Site, vec!["network"]),
        (SchemaKind::Agreement, vec!["basis", "from", "parties"]),
    ] {
        let schema = schema(kind);
        assert_eq!(schema["additionalProperties"], false, "{kind:?}");
        let mut asked: Vec<_> = schema["required"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key.as_str().unwrap())
            .collect();
        asked.sort_unstable();
        assert_eq!(asked, required, "{kind:?}");
    }
}

/// The schema of sites, whole, so that a change to it is seen.
#[test]
fn site_schema() {
    let text = serde_json::to_string_pretty(&schema(SchemaKind::Site)).unwrap();
    insta::assert_snapshot!("site_schema", text);
}
