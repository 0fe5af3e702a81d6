//! `seen init`

use crate::arguments::Init;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;
use std::fs;

/// The files of a new region, by their paths in it.
const FILES: [(&str, &str); 6] = [
    (
        "region.yaml",
        include_str!("../../templates/init/region.yaml"),
    ),
    (
        "networks/my-network/network.yaml",
        include_str!("../../templates/init/network.yaml"),
    ),
    (
        "networks/my-network/configs/router-1.cfg",
        include_str!("../../templates/init/router.cfg"),
    ),
    (
        "organisations/my-trust.yaml",
        include_str!("../../templates/init/organisation.yaml"),
    ),
    (
        "sites/my-hospital.yaml",
        include_str!("../../templates/init/site.yaml"),
    ),
    (
        "agreements/my-agreement.yaml",
        include_str!("../../templates/init/agreement.yaml"),
    ),
];

/// Makes a small region that checks, for people to fill with their own.
pub(crate) fn run(arguments: &Init) -> Result<Exit, Failure> {
    let folder = &arguments.folder;
    if folder.exists() {
        return Err(Failure::Exists {
            path: folder.clone(),
        });
    }
    for (path, text) in FILES {
        let file = folder.join(path);
        let unwritable = |cause| Failure::Write {
            what: format!("`{}`", file.display()),
            cause,
        };
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(unwritable)?;
        }
        fs::write(&file, text).map_err(unwritable)?;
    }
    terminal::answer(format!(
        "{} files written to `{1}`; `seen check {1}` proves its one journey\n",
        FILES.len(),
        folder.display()
    ))?;
    Ok(Exit::Fine)
}
