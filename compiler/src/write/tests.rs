//! How files are replaced, on a file system that is really there.

use super::*;
use std::time::{Duration, SystemTime};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries.map(|e| e.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

/// Without this, build tools would build again what did not change.
#[test]
fn only_what_changed_is_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let [a, b] = ["new/deep/a.rs", "new/deep/b.rs"].map(|name| folder.path().join(name));
    let written = write_files(&[(a.clone(), "one\n"), (b.clone(), "")]).expect("written");
    assert_eq!(written.files.len(), 2);
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for file in [&a, &b] {
        File::options().append(true).open(file).and_then(|file| file.set_modified(long_ago)).expect("a time");
    }
    let written = write_files(&[(a.clone(), "two\n"), (b.clone(), "")]).expect("written");
    assert_eq!(written.files.iter().map(|path| path.file_name()).collect::<Vec<_>>(), [a.file_name()]);
    let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).expect("a time");
    assert!(modified(&a) != long_ago && modified(&b) == long_ago);
    assert_eq!(fs::read_to_string(&a).expect("a file"), "two\n");
    assert_eq!(names(&folder.path().join("new/deep")), ["a.rs", "b.rs"]);
}

/// Without this, one bad target could leave half of the files new and half old.
#[test]
fn nothing_is_written_unless_all_can_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.rs"), "old").expect("written");
    fs::create_dir(path("b.rs")).expect("a folder");
    let error = write_files(&[(path("a.rs"), "new"), (path("b.rs"), "new"), (path("c.rs"), "new")]);
    assert_eq!(error.expect_err("b.rs is a folder").path, path("b.rs"));
    let error = write_files(&[(path("a.rs"), "new"), (path("a.rs/d.rs"), "new")]);
    assert_eq!(error.expect_err("a.rs is no folder").path, path("a.rs"));
    assert_eq!(fs::read_to_string(path("a.rs")).expect("a file"), "old");
    assert_eq!(names(folder.path()), ["a.rs", "b.rs"]);
}

/// Without this, nobody could tell which files a failure in the middle had replaced already.
#[test]
fn a_failure_in_the_middle_says_what_is_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for name in ["a.rs", "b.ml", "c.mli", "same"] {
        fs::write(path(name), "old").expect("written");
    }
    let prepare = || {
        let new = ["a.rs", "b.ml", "c.mli"].map(|name| (path(name), "new"));
        let files = [&new[..], &[(path("same"), "old")]].concat();
        prepare_all(&files, &targets(&files).expect("targets")).expect("prepared")
    };
    // A folder takes the place of a target after everything was prepared.
    let fail_at = |name: &str| {
        let prepared = prepare();
        fs::remove_file(path(name)).and_then(|()| fs::create_dir(path(name))).expect("a folder");
        let error = replace_all(prepared).expect_err("a folder is in the way");
        fs::remove_dir(path(name)).and_then(|()| fs::write(path(name), "old")).expect("written");
        assert_eq!(names(folder.path()), ["a.rs", "b.ml", "c.mli", "same"], "no temporary file is left");
        assert_eq!(error.path, path(name));
        error
    };
    let error = fail_at("a.rs");
    assert_eq!((error.replaced, error.kept), (vec![], vec![]));
    let error = fail_at("b.ml");
    let shown = error.to_string();
    assert!(shown.ends_with(&format!(
        "; new are `{}`; as before are `{}`, `{}`",
        path("a.rs").display(),
        path("b.ml").display(),
        path("c.mli").display()
    )));
    assert_eq!((error.replaced, error.kept), (vec![path("a.rs")], vec![path("b.ml"), path("c.mli")]));
    let content = |name: &str| fs::read_to_string(path(name)).expect("a file");
    assert_eq!((content("a.rs").as_str(), content("c.mli").as_str()), ("new", "old"));
}

/// Without this, generated files could be unreadable to others, or a link be cut.
#[cfg(unix)]
#[test]
fn modes_and_links_are_kept() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let mode = |name: &str| fs::metadata(path(name)).expect("a file").permissions().mode() & 0o777;
    fs::write(path("ordinary"), "").expect("written");
    write_files(&[(path("new"), "x")]).expect("written");
    assert_eq!(mode("new"), mode("ordinary"), "as the umask says");
    fs::set_permissions(path("new"), Permissions::from_mode(0o640)).expect("a mode");
    symlink("new", path("link")).expect("a link");
    write_files(&[(path("link"), "y")]).expect("written");
    assert_eq!(fs::read_to_string(path("new")).expect("a file"), "y");
    assert_eq!(mode("new"), 0o640);
    assert_eq!(fs::read_link(path("link")).expect("a link"), Path::new("new"));
}

/// Without this, `--depfile /dev/null` as root would put a file in the place of the device.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_written_into() {
    use std::os::unix::fs::FileTypeExt;
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let read = std::thread::scope(|scope| {
        let reader = scope.spawn(|| fs::read_to_string(&pipe).expect("a text"));
        write_files(&[(pipe.clone(), "text\n")]).expect("written");
        assert!(fs::metadata(&pipe).expect("a pipe").file_type().is_fifo());
        reader.join().expect("the reader")
    });
    assert_eq!(read, "text\n");
    assert_eq!(names(folder.path()), ["pipe"]);
    assert_eq!(write_files(&[("/dev/null".into(), "text\n")]).expect("written").files.len(), 1);
}

/// Without this, a change past the first buffer would not be seen.
#[test]
fn contents_are_compared_to_the_end() {
    let long = vec![b'a'; 600_000];
    let mut other = long.clone();
    other[599_999] = b'b';
    assert!(same_content(&long[..], &long).expect("read"));
    assert!(!same_content(&other[..], &long).expect("read"));
    assert!(!same_content(&long[..10], &long).expect("read"));
    assert!(!same_content(&long[..], &long[..10]).expect("read"));
    assert!(same_content(&[][..], &[]).expect("read"));
}

/// Without this, a link to a file that is not there yet, as somebody puts it who wants it elsewhere, would be cut.
#[cfg(unix)]
#[test]
fn links_to_what_is_not_there_are_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let here = fs::canonicalize(folder.path()).expect("a path");
    fs::create_dir(here.join("there")).expect("a folder");
    fs::create_dir(here.join("links")).expect("a folder");
    symlink("../there/file", here.join("links/dangling")).expect("a link");
    symlink("links/dangling", here.join("twice")).expect("a link");
    let through = |name: &str, text: &str| write_files(&[(here.join(name), text)]);
    let written = through("twice", "one").expect("written");
    assert_eq!((written.files, written.folders), (vec![here.join("twice")], vec![]));
    assert_eq!(fs::read_to_string(here.join("there/file")).expect("a file"), "one");
    through("links/dangling", "two").expect("written");
    assert_eq!(fs::read_to_string(here.join("twice")).expect("a file"), "two");
    assert!(["twice", "links/dangling"].iter().all(|link| here.join(link).is_symlink()));
    // Into a folder that is not there either.
    symlink(here.join("new/deep/file"), here.join("far")).expect("a link");
    assert_eq!(through("far", "x").expect("written").folders, [here.join("new/deep")]);
    assert!(here.join("far").is_symlink() && here.join("new/deep/file").is_file());
    // Links that lead nowhere at all stay as they are.
    symlink("around", here.join("round")).and_then(|()| symlink("round", here.join("around"))).expect("links");
    assert_eq!(through("round", "x").expect_err("a circle").path, here.join("round"));
    assert!(here.join("round").is_symlink());
    symlink("there/file/below", here.join("below")).expect("a link");
    assert!(through("below", "x").is_err() && here.join("below").is_symlink());
    // Two names of one file are one too many.
    fs::write(here.join("a"), "old").and_then(|()| symlink("a", here.join("b"))).expect("a file and a link");
    let both = write_files(&[(here.join("a"), "x"), (here.join("b"), "y")]).expect_err("two of them");
    assert!(both.to_string().ends_with("two of the files would be this one"), "{both}");
    assert_eq!(fs::read_to_string(here.join("a")).expect("a file"), "old");
}

/// Without this, somebody who keeps a copy as a second name could lose it, or think that it is kept up to date.
#[cfg(unix)]
#[test]
fn another_name_of_a_file_keeps_the_old_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    fs::write(&one, "old").and_then(|()| fs::hard_link(&one, &two)).expect("two names");
    write_files(&[(one.clone(), "new")]).expect("written");
    let read = |path| fs::read_to_string(path).expect("a file");
    assert_eq!((read(&one).as_str(), read(&two).as_str()), ("new", "old"));
}

/// Without this, a failure could leave folders behind that nobody asked for.
#[test]
fn folders_are_made_told_and_taken_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), "").expect("written");
    fs::create_dir(path("is_a_folder")).expect("a folder");
    let failed = write_files(&[(path("x/y/a"), ""), (path("x/z/b"), ""), (path("is_a_folder"), "")]);
    assert_eq!(failed.expect_err("a folder").path, path("is_a_folder"));
    let failed = write_files(&[(path("x/y/a"), ""), (path("file/b"), "")]);
    assert_eq!(failed.expect_err("no folder").path, path("file"));
    assert_eq!(names(folder.path()), ["file", "is_a_folder"]);
    let written = write_files(&[(path("x/y/a"), ""), (path("x/y/b"), ""), (path("x/z/c"), "")]).expect("written");
    assert_eq!(written.folders, [path("x/y"), path("x/z")]);
    assert_eq!(write_files(&[(path("x/y/a"), "1")]).expect("written").folders, [""; 0].map(PathBuf::from));
}
