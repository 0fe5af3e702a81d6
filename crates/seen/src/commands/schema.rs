//! `seen schema`

use crate::arguments::{Schema, SchemaOf};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::table;
use crate::terminal;
use region::SchemaKind;

/// Prints the JSON Schema of a kind of file, for editors.
pub(crate) fn run(arguments: &Schema) -> Result<Exit, Failure> {
    let kind = match arguments.file {
        SchemaOf::Region => SchemaKind::Region,
        SchemaOf::Network => SchemaKind::Network,
        SchemaOf::Organisation => SchemaKind::Organisation,
        SchemaOf::Site => SchemaKind::Site,
        SchemaOf::Agreement => SchemaKind::Agreement,
    };
    terminal::answer(table::pretty(&region::schema(kind))?)?;
    Ok(Exit::Fine)
}
