//! `myc-schema compile`: generated code, written, compared or printed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use myc_schema::backend::{self, BACKENDS, Backend, Options};
use myc_schema::depfile;
use myc_schema::ir::Schema;
use myc_schema::render::{FileMap, render};

use super::contract::{Contract, DEFAULT_FILE, Reading, is_stdin};
use super::exit::{Exit, Failure};
use super::watch::watch;
use super::{output, stale, terminal};

/// Generate code for one or more languages
#[derive(Args, Debug)]
#[command(after_help = "\
Files are replaced only when their content changes, all of them or none;
symbolic links to them stay. With --watch, mistakes and files that are gone for
a while are reported and waited out, and generated files that are deleted are
written again; Ctrl-C ends it with exit code 0.

Examples:
  myc-schema compile --lang ocaml           messages.ml and messages.mli, here
  myc-schema compile --lang rust --out src  src/messages.rs
  myc-schema compile --lang rust --out src --check    is it up to date? (for CI)
  myc-schema compile --lang rust --out src --watch    until Ctrl-C
  myc-schema compile --lang rust --out src --depfile src/messages.d
  myc-schema compile --lang ocaml --print-outputs     for a build system
  myc-schema compile --lang ocaml --stdout=mli | less
  myc-schema compile api.yaml --lang rust --lang ocaml --out gen --name api
  generate-contract | myc-schema compile - --lang rust --stdout")]
pub struct CompileArgs {
    /// The contract, `-` for stdin [default: contracts.yaml]
    file: Option<PathBuf>,
    /// A target language; may be repeated
    #[arg(long, required = true, value_parser = languages())]
    lang: Vec<String>,
    /// The folder the files are written to; made if missing
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// The files' name, without extension
    #[arg(long, default_value = "messages", value_parser = stem)]
    name: String,
    /// Write nothing: print what is stale as a unified diff, and exit 1 if anything is
    #[arg(long)]
    check: bool,
    /// Print instead of writing; where there are several files, all of them with a line
    /// `==> NAME <==` before each, or the one with this extension (`--stdout=mli`)
    #[arg(
        long,
        value_name = "EXT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with_all = ["out", "check"]
    )]
    stdout: Option<String>,
    /// Write nothing: print the paths of the files that would be written, one a line, without
    /// looking at the contract
    #[arg(long, conflicts_with_all = ["check", "stdout", "depfile"])]
    print_outputs: bool,
    /// Also write a dependency file for make or ninja, in a folder that is made if missing: the generated
    /// files and the contract; `-` prints it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "stdout"])]
    depfile: Option<PathBuf>,
    /// Compile now, and again whenever the contract changes; on errors the files stay as they are
    #[arg(long, conflicts_with_all = ["check", "stdout", "print_outputs"])]
    watch: bool,
    #[command(flatten)]
    reading: Reading,
}

fn languages() -> PossibleValuesParser {
    BACKENDS.iter().map(|backend| PossibleValue::new(backend.id).help(backend.description)).into()
}

/// A name that is a module in every language.
pub(super) fn stem(name: &str) -> Result<String, String> {
    let mut bytes = name.bytes();
    let identifier = bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match identifier && name.len() <= 128 {
        true => Ok(name.to_owned()),
        false => Err("a letter, then letters, digits or `_` are expected: it names a module".to_owned()),
    }
}

pub fn run(args: CompileArgs) -> Result<(), Failure> {
    let mut backends: Vec<&'static Backend> = args.lang.iter().filter_map(|lang| backend::find(lang)).collect();
    backends.sort_by_key(|backend| BACKENDS.iter().position(|other| other.id == backend.id));
    backends.dedup_by_key(|backend| backend.id);
    if let Some(extension) = &args.stdout {
        check_extension(&backends, extension)?;
    }
    if args.print_outputs {
        let paths = outputs(&backends, &args.name, &args.out);
        let line = |path: &PathBuf| [path.as_os_str().as_encoded_bytes(), b"\n"].concat();
        return terminal::data(paths.iter().flat_map(line).collect::<Vec<u8>>());
    }
    if args.out == Path::new("-") && args.stdout.is_none() {
        return Err(Failure::usage("--out takes a folder")
            .help("--stdout prints the files; `--out ./-` is a folder called `-`"));
    }
    if let Some(depfile) = &args.depfile {
        check_depfile(&args, &backends, depfile)?;
    }
    if args.watch {
        return watched(&args, &backends);
    }
    let contract = Contract::read(&args.reading, args.file.as_deref())?;
    if args.stdout.is_none() && !args.check {
        return written(&args, &backends, &contract).map(drop);
    }
    let options = Options::new(args.name, &contract.path);
    let files = render_all(&contract.schema, &backends, &options)?;
    match &args.stdout {
        Some(extension) => terminal::data(printed(&files, extension)),
        None => report(stale::diff(&args.out, &files)?),
    }
}

/// Writes the files of a contract; those that changed.
fn written(args: &CompileArgs, backends: &[&'static Backend], contract: &Contract) -> Result<Vec<PathBuf>, Failure> {
    let depfile = match &args.depfile {
        Some(path) => Some((path.clone(), dependencies(backends, args, &contract.path)?)),
        None => None,
    };
    let options = Options::new(args.name.clone(), &contract.path);
    let files = render_all(&contract.schema, backends, &options)?;
    let mut files: Vec<(PathBuf, &str)> =
        files.iter().map(|(name, text)| (args.out.join(name), text.as_str())).collect();
    let printed = depfile.as_ref().filter(|(path, _)| is_stdin(path));
    files.extend(depfile.iter().filter(|_| printed.is_none()).map(|(path, text)| (path.clone(), text.as_str())));
    let written = output::write_made_of([&*contract.path], &args.reading, &files)?;
    match printed {
        Some((_, rule)) => terminal::data(rule.as_str()).map(|()| written),
        None => Ok(written),
    }
}

/// A dependency file is none of the files that it is about.
fn check_depfile(args: &CompileArgs, backends: &[&Backend], depfile: &Path) -> Result<(), Failure> {
    if is_stdin(depfile) {
        return match args.watch {
            true => Err(Failure::usage("--depfile needs a name while --watch goes on")),
            false => Ok(()),
        };
    }
    // The file may not be there yet, and the folder have several names.
    let whole = |path: &Path| {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        std::fs::canonicalize(path)
            .or_else(|_| std::fs::canonicalize(folder).map(|folder| folder.join(path.file_name().unwrap_or_default())))
            .unwrap_or_else(|_| path.components().collect())
    };
    let made = outputs(backends, &args.name, &args.out).into_iter().find(|made| whole(made) == whole(depfile));
    match made {
        Some(made) => Err(Failure::usage(format!("`{}` is a file that is generated", made.display()))
            .help("give the dependency file a name of its own, as in `--depfile messages.d`")),
        None => Ok(()),
    }
}

/// Compiles whenever the contract changes, and says each time what came of it.
fn watched(args: &CompileArgs, backends: &[&'static Backend]) -> Result<(), Failure> {
    let path = args.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
    if is_stdin(path) {
        return Err(Failure::usage("stdin cannot be watched").help("--watch needs a file"));
    }
    let shown = path.display();
    terminal::line(&format!("watching {shown}; Ctrl-C ends it"));
    let outputs = outputs(backends, &args.name, &args.out);
    let outputs: Vec<PathBuf> = outputs.into_iter().chain(args.depfile.clone()).collect();
    watch(path, &outputs, || {
        let contract = Contract::read(&args.reading, args.file.as_deref());
        let made = contract.and_then(|contract| written(args, backends, &contract));
        let all = made.is_ok();
        match made {
            Ok(files) if files.is_empty() => terminal::line(&format!("{shown}: nothing to write")),
            Ok(files) => {
                let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
                terminal::line(&format!("{shown}: wrote {}", names.join(", ")));
            }
            Err(failure) => {
                args.reading.say(&failure);
                terminal::line(&format!("{shown}: nothing written"));
            }
        }
        all
    })
}

/// The paths of the generated files, in the order of the languages.
fn outputs(backends: &[&Backend], name: &str, folder: &Path) -> Vec<PathBuf> {
    let outputs = backends.iter().flat_map(|backend| backend.outputs);
    outputs.map(|output| folder.join(format!("{name}.{}", output.extension))).collect()
}

/// The text of the dependency file.
fn dependencies(backends: &[&Backend], args: &CompileArgs, contract: &Path) -> Result<String, Failure> {
    if args.file.as_deref().is_some_and(is_stdin) {
        return Err(Failure::usage("a dependency file needs a contract that is a file, not stdin"));
    }
    let text = |path: &Path| match path.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(Failure::usage(format!("`{}` cannot be in a dependency file: it is not UTF-8", path.display()))),
    };
    let outputs =
        outputs(backends, &args.name, &args.out).iter().map(|path| text(path)).collect::<Result<Vec<_>, _>>()?;
    depfile::rule(&outputs, &text(contract)?).map_err(|error| Failure::usage(error.to_string()))
}

/// Whether `--stdout=EXT` names a file of these languages; empty stands for all of them.
fn check_extension(backends: &[&Backend], extension: &str) -> Result<(), Failure> {
    let known: Vec<&str> = backends.iter().flat_map(|backend| backend.outputs).map(|output| output.extension).collect();
    if extension.is_empty() || known.contains(&extension) {
        return Ok(());
    }
    let choices: Vec<String> = known.iter().map(|extension| format!("--stdout={extension}")).collect();
    let text = format!("no file with extension `{}` is generated", extension.escape_debug());
    Err(Failure::usage(text).help(format_args!("there is {}", choices.join(" or "))))
}

/// The file with this extension, or all files: one as it is, several each under its name.
fn printed(files: &FileMap, extension: &str) -> String {
    let wanted = |name: &str| extension.is_empty() || Path::new(name).extension().is_some_and(|e| e == extension);
    let chosen: Vec<(&String, &String)> = files.iter().filter(|(name, _)| wanted(name)).collect();
    match chosen[..] {
        [(_, text)] => text.clone(),
        _ => chosen.iter().map(|(name, text)| format!("==> {name} <==\n{text}")).collect::<Vec<_>>().join("\n"),
    }
}

/// The files of every language, each language on threads of its own.
fn render_all(schema: &Arc<Schema>, backends: &[&'static Backend], options: &Options) -> Result<FileMap, Failure> {
    std::thread::scope(|scope| {
        let tasks: Vec<_> =
            backends.iter().map(|backend| scope.spawn(move || render(schema, backend, options))).collect();
        let mut files = FileMap::new();
        for task in tasks {
            match task.join() {
                Ok(Ok(rendered)) => files.extend(rendered),
                Ok(Err(error)) => return Err(Failure::finding(format!("a bug in myc-schema: {error}"))),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(files)
    })
}

fn report(diff: String) -> Result<(), Failure> {
    if diff.is_empty() {
        return Ok(());
    }
    // Stale is stale, whether or not somebody reads the whole diff.
    terminal::data(diff).map_err(|failure| Failure { exit: failure.exit.max(Exit::Findings), ..failure })?;
    Err(Failure::finding("generated code is stale").help("run the same command without --check"))
}
