//! Words of records: one type for each kind of thing that has a name.

use std::fmt;
use std::sync::Arc;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a text as it came; whatever stands in a document is a word.
            pub fn new(text: &str) -> Self {
                Self(text.into())
            }

            /// Returns the word as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

words! {
    /// Names a professional, wherever they act.
    PersonName
    /// Names a team within its organisation.
    TeamWord
    /// A topic label of the label table, or one that the table does not know.
    Label
    /// A clinical code.
    Code
    /// A FHIR resource type.
    ResourceType
    /// Who wrote an item.
    Author
    /// Names one item.
    ItemName
    /// Names an encounter that items belong to.
    EncounterName
    /// Names an instruction; its versions share the name.
    InstructionName
    /// A kind of organisation.
    Kind
    /// A purpose that is neither direct care nor an emergency.
    OtherPurpose
    /// A reason of an override that is not on the closed list.
    OtherReason
}
