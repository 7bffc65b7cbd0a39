//! The workspace's folders and the programs that tests run: cargo, the compiler under test, dune. A tool that is
//! missing is a failure that names the command which installs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a folder of the workspace").to_path_buf()
}

/// Where build output goes.
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// A cargo command that runs in `folder` and shares the workspace's build output.
pub fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", target_folder()).stdin(Stdio::null());
    // What is built is looked for where builds for this machine are.
    command.env_remove("CARGO_BUILD_TARGET");
    without_colours(command)
}

/// The binary `myc-schema` of this workspace, built when first asked for.
pub fn compiler() -> PathBuf {
    static COMPILER: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let output = run(cargo(&root(), &["build", "--quiet", "--package", "myc-schema", "--bin", "myc-schema"]));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        target_folder().join("debug").join(format!("myc-schema{}", std::env::consts::EXE_SUFFIX))
    };
    COMPILER.get_or_init(build).clone()
}

/// The binary `myc-bridge` of this workspace, in the compiler's folder, built when first asked for.
pub fn bridge() -> PathBuf {
    static BRIDGE: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let output = run(cargo(&root(), &["build", "--quiet", "--package", "mycelium-bridge", "--bin", "myc-bridge"]));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        target_folder().join("debug").join(format!("myc-bridge{}", std::env::consts::EXE_SUFFIX))
    };
    BRIDGE.get_or_init(build).clone()
}

/// A dune command over the project in `folder`.
pub fn dune(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("dune");
    command.args(arguments).args(["--root", "."]).current_dir(folder).stdin(Stdio::null());
    without_colours(command)
}

/// A program that `cargo xtask setup` keeps below the build output where it is not in `PATH`.
pub fn tool(name: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([target_folder().join("tools/bin")]);
    let mut command = Command::new(name);
    command.env("PATH", std::env::join_paths(folders).expect("a path")).stdin(Stdio::null());
    without_colours(command)
}

/// What tests read has no colours and the usual width, even where the surroundings want others everywhere.
pub fn without_colours(mut command: Command) -> Command {
    command.env("CARGO_TERM_COLOR", "never");
    for name in ["CLICOLOR_FORCE", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

/// The OCaml library as a user has it, built for release and installed: a folder for `OCAMLPATH`. Installed when first
/// asked for.
pub fn ocaml_library() -> PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let install = || {
        let (copy, prefix) = (target_folder().join("ocaml/source"), target_folder().join("ocaml/prefix"));
        // Versions of dune since 3 do not install from a build folder outside of the project.
        mirror(&root().join("runtime-ocaml"), &copy).expect("the library can be copied");
        let built = dune(&copy, &["build", "--profile", "release", "--only-packages", "mycelium", "@install"]);
        let mut installed = dune(&copy, &["install", "mycelium"]);
        installed.arg("--prefix").arg(&prefix);
        for command in [built, installed] {
            let output = run(command);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        prefix.join("lib")
    };
    LIBRARY.get_or_init(install).clone()
}

/// Makes `to` hold the files of `from`, with their times where they are the same, and no others but build output.
fn mirror(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(to)? {
        let entry = entry?;
        if entry.file_name() != "_build" && !from.join(entry.file_name()).exists() {
            if entry.file_type()?.is_dir() {
                std::fs::remove_dir_all(entry.path())?;
            } else {
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let file = to.join(entry.file_name());
        if entry.file_name() == "_build" {
            continue;
        } else if entry.file_type()?.is_dir() {
            mirror(&entry.path(), &file)?;
        } else {
            let bytes = std::fs::read(entry.path())?;
            if std::fs::read(&file).ok().as_ref() != Some(&bytes) {
                std::fs::write(&file, bytes)?;
            }
        }
    }
    Ok(())
}

/// Runs a command to its end. Panics where the program is not there, with the command that installs it.
pub fn run(mut command: Command) -> Output {
    command.output().unwrap_or_else(|error| missing(&command, &error))
}

/// Panics because a program cannot be run, with the command that installs it.
pub(crate) fn missing(command: &Command, error: &std::io::Error) -> ! {
    let name = command.get_program().to_string_lossy();
    panic!("cannot run {name}: {error}. `cargo xtask setup` installs what is missing")
}
