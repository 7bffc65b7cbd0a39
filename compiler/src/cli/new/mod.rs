//! `myc-schema new`: projects that build and run as they are. The text of their files is in `templates/new/`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf, absolute};

use clap::{Args, ValueEnum};
use myc_schema::render;
use serde::Serialize;

use super::exit::Failure;
use super::terminal;

mod checkout;
mod library;
mod names;
mod ocaml_worker;
mod place;
mod rust_project;

/// What can be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Project {
    /// A program in OCaml that receives messages from a bus and publishes others
    OcamlWorker,
    /// A program in Rust with a bus, a service on it, and a socket for workers
    RustService,
    /// A program in Rust that connects to a bridge, publishes messages and receives others
    RustClient,
}

/// Begin a project: contract, code, test, and the rules that build it
#[derive(Args, Debug)]
#[command(after_help = "\
Nothing is written unless all can be, and only into a folder that is missing or
empty (but for `.git`). All have the same contract: as they are, the worker
replies to the others.

Examples:
  myc-schema new ocaml-worker my-worker
  myc-schema new rust-service services/words --name words-service
  myc-schema new rust-client my-client
  myc-schema new ocaml-worker my-worker --no-vendor")]
pub struct NewArgs {
    /// What it is
    #[arg(value_enum)]
    project: Project,
    /// Its folder
    dir: PathBuf,
    /// Its name [default: the folder's]
    #[arg(long)]
    name: Option<String>,
    /// A checkout of Mycelium with the libraries to use. An OCaml project gets a copy of its library [default: of the
    /// one that this compiler comes with]; a Rust project names its folders [default: those of the checkout that the
    /// command is run in, otherwise of the one that this compiler was built from]
    #[arg(long, value_name = "PATH")]
    runtime: Option<PathBuf>,
    /// No copy of the library in an OCaml project: dune finds it where opam or a distribution has installed it
    #[arg(long, conflicts_with = "runtime")]
    no_vendor: bool,
}

/// A file of the new project: its path in it, and its content.
type File = (String, String);

/// A project, ready to be written.
struct Made {
    files: Vec<File>,
    /// What to say about it.
    words: String,
}

/// Where the project comes to be.
struct Place<'a> {
    /// As it was given.
    dir: &'a Path,
    name: &'a str,
    /// The name as an identifier.
    ident: String,
}

pub fn run(args: NewArgs) -> Result<(), Failure> {
    let name = match args.name {
        Some(name) => name,
        None => folder_name(&args.dir)?,
    };
    names::check(args.project, &name)?;
    place::check(&args.dir)?;
    let place = Place { dir: &args.dir, name: &name, ident: name.replace('-', "_") };
    let runtime = args.runtime.as_deref();
    let made = match args.project {
        Project::OcamlWorker => ocaml_worker::make(&place, runtime, args.no_vendor)?,
        Project::RustService | Project::RustClient if args.no_vendor => {
            return Err(Failure::usage("a Rust project has no copies of libraries: --no-vendor is for OCaml"));
        }
        Project::RustService => rust_project::make(&rust_project::SERVICE, &place, runtime)?,
        Project::RustClient => rust_project::make(&rust_project::CLIENT, &place, runtime)?,
    };
    place::write(&args.dir, &made.files)?;
    terminal::words(&made.words);
    Ok(())
}

/// The last component of the folder's path.
fn folder_name(dir: &Path) -> Result<String, Failure> {
    let path = fs::canonicalize(dir).or_else(|_| absolute(dir));
    match path.ok().as_deref().and_then(Path::file_name).and_then(|name| name.to_str()) {
        Some(name) => Ok(name.to_owned()),
        None => Err(Failure::usage("the folder has no name that a project could have").help("give one with --name")),
    }
}

/// The files of a table of templates.
fn files(templates: &[(&str, &str)], view: &impl Serialize) -> Result<Vec<File>, Failure> {
    templates.iter().map(|(path, template)| Ok(((*path).to_owned(), rendered(template, view)?))).collect()
}

fn rendered(template: &str, view: &impl Serialize) -> Result<String, Failure> {
    render::text(template, minijinja::value::Serde(view))
        .map_err(|error| Failure::finding(format!("a bug in myc-schema: {error}")))
}

/// The contract that every new project has.
const CONTRACT: (&str, &str) = ("contracts.yaml", include_str!("../../../templates/new/contracts.yaml.j2"));

/// A path as a word of a shell's command line.
fn shell_word(path: &Path) -> String {
    let path = path.to_string_lossy();
    match path.chars().all(|c| c.is_alphanumeric() || "/._-+@".contains(c)) && !path.is_empty() {
        true => path.into_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// The folder of the running compiler, where it is not one that a shell or dune would find it in.
fn compiler_folder() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let file = format!("myc-schema{}", env::consts::EXE_SUFFIX);
    let found = env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(&file).is_file()));
    if found { None } else { program.parent().map(Path::to_path_buf) }
}
