//! JSON Schemas of the files, so that editors help while people write.

use crate::files::{AgreementFile, NetworkFile, OrganisationFile, RegionFile, SiteFile};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// A kind of file that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SchemaKind {
    /// `region.yaml`.
    Region,
    /// `network.yaml`.
    Network,
    /// A file of `organisations/`.
    Organisation,
    /// A file of `sites/`.
    Site,
    /// A file of `agreements/`.
    Agreement,
}

impl SchemaKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Region,
        Self::Network,
        Self::Organisation,
        Self::Site,
        Self::Agreement,
    ];

    /// Returns the name people ask for it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Network => "network",
            Self::Organisation => "organisation",
            Self::Site => "site",
            Self::Agreement => "agreement",
        }
    }
}

/// Returns the JSON Schema (draft 2020-12) of a kind of file.
///
/// It is made from the type that reads the file, so an editor that uses it
/// accepts the same keys; what holds between files only
/// [`crate::Region::findings`] knows.
pub fn schema(kind: SchemaKind) -> Value {
    fn of<T: JsonSchema>() -> Value {
        let generator = SchemaSettings::draft2020_12().into_generator();
        generator.into_root_schema_for::<T>().to_value()
    }
    let mut schema = match kind {
        SchemaKind::Region => of::<RegionFile>(),
        SchemaKind::Network => of::<NetworkFile>(),
        SchemaKind::Organisation => of::<OrganisationFile>(),
        SchemaKind::Site => of::<SiteFile>(),
        SchemaKind::Agreement => of::<AgreementFile>(),
    };
    forbid_null(&mut schema);
    schema
}

/// Takes `null` out of what optional keys may be: the parser wants a key left
/// out rather than without a value.
fn forbid_null(schema: &mut Value) {
    let is_null = |value: &Value| value == "null" || value.get("type").is_some_and(|t| t == "null");
    match schema {
        Value::Array(items) => items.iter_mut().for_each(forbid_null),
        Value::Object(keys) => {
            if let Some(Value::Array(types)) = keys.get_mut("type") {
                types.retain(|one| !is_null(one));
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    keys.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(choices)) = keys.get_mut("anyOf") {
                choices.retain(|choice| !is_null(choice));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    keys.remove("anyOf");
                    keys.extend(only.into_iter().filter(|(key, _)| key != "description"));
                }
            }
            keys.values_mut().for_each(forbid_null);
        }
        _ => {}
    }
}
