//! `headwater export`: what a store adds up to, as one file.

use headwater_model::KnownDay;
use headwater_store::{OutputFolder, Partial, write_alerts_to, write_volumes_by};
use headwater_window::{VolumeOptions, Volumes};

use crate::archive::{By, Stored, panes, told};
use crate::archive_cmd::open_to_read;
use crate::args;
use crate::catalog::load;
use crate::failure::Failure;
use crate::results::families;

/// `headwater export volumes`.
pub fn volumes(args: &args::ExportVolumes) -> Result<(), Failure> {
    let catalog = load(&args.overlay)?;
    let (archive, _) = open_to_read(&args.store)?;
    let file = begin(&args.out)?;
    let options = VolumeOptions { as_of: args.as_of.map(KnownDay), by: args.split() };
    let (names, panes) = panes(&Stored::new(archive), By::Known, options.as_of)?;
    let volumes = Volumes::of(&panes.sorted(&names), &names, options, |id| families(&catalog, id))?;
    write_volumes_by(file, options.by, volumes.rows())?;
    eprintln!("{} rows in {}", volumes.len(), args.out.display());
    Ok(())
}

/// `headwater export alerts`.
pub fn alerts(args: &args::ExportAlerts) -> Result<(), Failure> {
    let (archive, _) = open_to_read(&args.store)?;
    let file = begin(&args.out)?;
    let alerts = told(&Stored::new(archive), args.as_of)?;
    write_alerts_to(file, &alerts)?;
    eprintln!("{} revisions in {}", alerts.len(), args.out.display());
    Ok(())
}

/// Begins a file beside its place, which is taken when it is whole.
fn begin(out: &std::path::Path) -> Result<Partial, Failure> {
    let name = out.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Failure::Usage(format!("--out {}: not the name of a file", out.display())))?;
    if out.is_dir() {
        return Err(Failure::Usage(format!("--out {}: a folder, and a file is wanted", out.display())));
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(OutputFolder::create(folder.unwrap_or(std::path::Path::new(".")))?.begin(name)?)
}
