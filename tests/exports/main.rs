//! Exports from PowerShell: real ones, every shape of one organisation, and what is damaged, hostile or large.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
mod damaged;
mod large;
mod real;
mod recipients;
mod same;
mod shapes;
mod transport;

use nsdiag::collect::directory::{Roster, Wanted};
use nsdiag::collect::exports;
use nsdiag_checks::evidence::Observed;
use nsdiag_checks::evidence::directory::{Directory, ExportFile};
use std::path::{Path, PathBuf};

/// Reads exports as a run does, for contoso.com.
fn read_all(paths: &[PathBuf], addresses: &[&str]) -> Directory {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let wanted = Wanted { domain: "contoso.com", addresses: &addresses, known_good: true, roster: Roster::Nobody };
    exports::read("corp", paths, wanted, None)
}

fn read(path: &Path, addresses: &[&str]) -> Directory {
    read_all(&[path.to_path_buf()], addresses)
}

/// `cmdlet [format] so many objects`, or why not; without the folder.
fn files(directory: &Directory) -> Vec<String> {
    let line = |file: &ExportFile| {
        let name = Path::new(&file.path).file_name().unwrap().to_string_lossy().into_owned();
        let objects = match &file.objects {
            Observed::Known(count) => count.to_string(),
            Observed::Unknown(miss) => {
                let (_, said) = miss.said.split_once(&*name).unwrap();
                format!("{:?}{said}", miss.how)
            }
            Observed::NotAsked => "not asked".into(),
        };
        format!("{} [{}] {objects}", file.cmdlet, file.format)
    };
    directory.exports.iter().map(line).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/exports")
}
