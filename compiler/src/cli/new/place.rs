//! Writing a new project: all of it or nothing, and over nothing that is there.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf, absolute};

use tempfile::TempDir;

use myc_schema::source::reason;

use super::super::exit::Failure;
use super::File;

/// What may be in the folder before.
const WELCOME: &str = ".git";

/// How many names are told of what is in the way.
const TOLD: usize = 5;

/// Whether a project can be written to `dir`.
pub fn check(dir: &Path) -> Result<(), Failure> {
    match in_the_way(dir) {
        Ok(names) if names.is_empty() => Ok(()),
        Ok(names) => {
            let told: Vec<_> = names.iter().take(TOLD).map(|name| format!("`{}`", name.display())).collect();
            let more = match names.len() - told.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let text = format!("`{}` is not empty; there is {}{more}", dir.display(), told.join(", "));
            Err(Failure::io(text).help("choose a folder that is empty, or that is not there yet"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(cannot(dir, &error)),
    }
}

/// Writes the files of a project to `dir`, which [`check`] takes.
pub fn write(dir: &Path, files: &[File]) -> Result<(), Failure> {
    let written = match dir.is_dir() {
        true => fill(dir, files),
        false => absolute(dir).and_then(|dir| make(&dir, files)),
    };
    written.map_err(|error| cannot(dir, &error))
}

fn cannot(dir: &Path, error: &io::Error) -> Failure {
    Failure::io(format!("cannot write to `{}`: {}", dir.display(), reason(error)))
}

fn in_the_way(dir: &Path) -> io::Result<Vec<OsString>> {
    let names: io::Result<Vec<_>> = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect();
    let mut names: Vec<_> = names?.into_iter().filter(|name| name != WELCOME).collect();
    names.sort();
    Ok(names)
}

/// Makes a folder: whole, beside its place, and then moved there.
fn make(dir: &Path, files: &[File]) -> io::Result<()> {
    let parent = dir.parent().unwrap_or(dir);
    let missing: Vec<&Path> = parent.ancestors().take_while(|folder| !folder.exists()).collect();
    let made = fs::create_dir_all(parent).and_then(|()| {
        let stage = stage(parent, files)?;
        fs::rename(stage.path(), dir)?;
        let _ = stage.keep();
        Ok(())
    });
    if made.is_err() {
        // Of these, those that are there are empty.
        for folder in missing {
            let _ = fs::remove_dir(folder);
        }
    }
    made
}

/// Fills an empty folder: everything is in it, in a folder of its own, before the first piece is moved to its place.
fn fill(dir: &Path, files: &[File]) -> io::Result<()> {
    let stage = stage(dir, files)?;
    let mut moved: Vec<PathBuf> = Vec::new();
    let filled = in_the_way(stage.path()).and_then(|names| {
        names.iter().try_for_each(|name| {
            let place = dir.join(name);
            if place.exists() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            fs::rename(stage.path().join(name), &place)?;
            moved.push(place);
            Ok(())
        })
    });
    if filled.is_err() {
        for place in moved {
            let _ = if place.is_dir() { fs::remove_dir_all(place) } else { fs::remove_file(place) };
        }
    }
    filled
}

/// The files in a new folder in `parent`, which goes away unless it is kept.
fn stage(parent: &Path, files: &[File]) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".myc-schema-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    let stage = builder.tempdir_in(parent)?;
    for (path, content) in files {
        let path = stage.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(parent))?;
        fs::write(path, content)?;
    }
    Ok(stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }

    fn files(names: &[&str]) -> Vec<File> {
        names.iter().map(|name| ((*name).to_owned(), format!("{name}\n"))).collect()
    }

    /// Without this, a failure could leave half a project behind, which the next try would then find in its way.
    #[test]
    fn nothing_is_left_of_a_project_that_cannot_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path();
        // The second file needs a folder where the first one is.
        let bad = files(&["a", "a/b"]);
        assert!(write(&here.join("new/deep/project"), &bad).is_err());
        assert_eq!(names(here), [""; 0]);
        fs::create_dir(here.join("empty")).expect("a folder");
        assert!(write(&here.join("empty"), &bad).is_err());
        assert_eq!(names(&here.join("empty")), [""; 0]);
        // Something came into the way after all of it was prepared.
        fs::write(here.join("empty/c"), "mine\n").expect("written");
        assert!(write(&here.join("empty"), &files(&["a/x", "b", "c"])).is_err());
        assert_eq!(names(&here.join("empty")), ["c"]);
        assert_eq!(fs::read_to_string(here.join("empty/c")).expect("a file"), "mine\n");
    }

    /// Without this, a project could not be begun in a fresh clone, or its folder be closed to others.
    #[test]
    fn empty_folders_are_filled_and_missing_ones_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path();
        fs::create_dir_all(here.join("clone/.git")).expect("a folder");
        assert!(check(&here.join("clone")).is_ok());
        write(&here.join("clone"), &files(&["a", "b/c"])).expect("written");
        assert_eq!(names(&here.join("clone")), [".git", "a", "b"]);
        write(&here.join("x/y"), &files(&["a", "b/c"])).expect("written");
        assert_eq!(
            (names(here), names(&here.join("x")), names(&here.join("x/y"))),
            (vec!["clone".to_owned(), "x".to_owned()], vec!["y".to_owned()], vec!["a".to_owned(), "b".to_owned()])
        );
        let mode = |path: &str| fs::metadata(here.join(path)).expect("a folder").permissions();
        assert_eq!(mode("x/y"), mode("x"), "as the umask says");
        assert!(check(&here.join("x")).is_err_and(|failure| failure.text.is_some_and(|text| text.contains("`y`"))));
    }
}
