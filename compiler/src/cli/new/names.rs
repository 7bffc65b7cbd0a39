//! Names that a project can have.

use heck::ToKebabCase;
use myc_schema::backend::{ocaml, rust};

use super::super::exit::Failure;
use super::Project;

/// A bridge takes names of this many bytes.
const LONGEST: usize = 64;

/// Modules of OCaml's standard library, and of the project itself, in lower case: the project's library is a module of
/// the project's name.
#[rustfmt::skip]
const OCAML_MODULES: &[&str] = &[
    "arg", "array", "arraylabels", "atomic", "bigarray", "bool", "buffer", "bytes", "byteslabels", "callback",
    "camlinternalformat", "camlinternallazy", "camlinternalmod", "camlinternaloo", "char", "complex", "condition",
    "digest", "domain", "dynarray", "dynlink", "effect", "either", "ephemeron", "event", "filename", "float",
    "format", "fun", "gc", "genlex", "handler", "hashtbl", "iarray", "in_channel", "int", "int32", "int64", "lazy",
    "lexing", "list", "listlabels", "main", "map", "marshal", "messages", "morelabels", "mutex", "nativeint", "obj",
    "oo", "option", "out_channel", "parsing", "pqueue", "printexc", "printf", "profiling", "queue", "random",
    "repr", "result", "scanf", "semaphore", "seq", "set", "stack", "stdlabels", "stdlib", "str", "stream", "string",
    "stringlabels", "sys", "thread", "threads", "type", "uchar", "unit", "unix", "unixlabels", "weak",
];

/// Libraries that the project uses, and what these use.
const OCAML_LIBRARIES: &[&str] = &[
    "alcotest",
    "alcotest_engine",
    "alcotest_stdlib_ext",
    "astring",
    "cmdliner",
    "fmt",
    "logs",
    "logs_threaded",
    "mycelium",
    "mycelium_unix",
    "mycelium_wire",
    "re",
    "seq",
    "stdlib_shims",
    "uucp",
    "uuidm",
    "uutf",
];

/// Crates that the project uses or that come with Rust, and folders of cargo that a program cannot be named for.
const RUST_CRATES: &[&str] = &[
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "myc_schema",
    "mycelium_bus",
    "mycelium_wire",
    "proc_macro",
    "std",
    "test",
    "tokio",
    "tracing",
    "tracing_subscriber",
];

/// Why a project cannot have that name.
pub fn check(project: Project, name: &str) -> Result<(), Failure> {
    let Some(why) = problem(project, name) else { return Ok(()) };
    let failure = Failure::usage(format!("a project cannot be called `{}`: {why}", name.escape_debug()));
    let suggested = match name.to_kebab_case() {
        other if problem(project, &other).is_none() => other,
        other => format!(
            "{other}-{}",
            match project {
                Project::OcamlWorker => "worker",
                Project::RustService => "service",
                Project::RustClient => "client",
            }
        ),
    };
    Err(match problem(project, &suggested) {
        None => failure.help(format_args!("`--name {suggested}` would do")),
        Some(_) => failure.help("give another with --name"),
    })
}

fn problem(project: Project, name: &str) -> Option<&'static str> {
    let shape = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with(['-', '_'])
        && !["--", "__", "-_", "_-"].iter().any(|twice| name.contains(twice));
    if !shape {
        return Some("a letter from a to z is expected, then such letters and digits, with single `-` or `_` between");
    }
    if name.len() > LONGEST {
        return Some("it is longer than 64 bytes");
    }
    let ident = name.replace('-', "_");
    match project {
        Project::OcamlWorker if ocaml::names::is_keyword(&ident) => Some("it is a keyword of OCaml"),
        Project::OcamlWorker if OCAML_MODULES.contains(&&*ident) => {
            Some("it is the name of a module that OCaml or the project has")
        }
        Project::OcamlWorker if OCAML_LIBRARIES.contains(&&*ident) => {
            Some("it is the name of a library that the project uses")
        }
        Project::RustService | Project::RustClient if rust::names::is_keyword(&ident) => {
            Some("it is a keyword of Rust")
        }
        Project::RustService | Project::RustClient if RUST_CRATES.contains(&&*ident) => {
            Some("cargo, Rust or a crate that the project uses has that name")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this, a project could be written that no build tool takes.
    #[test]
    fn names_that_would_not_build_are_refused() {
        let all = [Project::OcamlWorker, Project::RustService, Project::RustClient];
        let refused = |project, name: &str| check(project, name).err().and_then(|failure| failure.help);
        for project in all {
            for name in ["a", "my-worker", "my_worker2", "x1-y2_z3", &"a".repeat(64)] {
                assert!(check(project, name).is_ok(), "{name}");
            }
            for name in [
                "",
                "-a",
                "a-",
                "a--b",
                "a_-b",
                "A",
                "2a",
                "ä",
                "a b",
                "a.b",
                "../a",
                "a/b",
                "\u{1b}",
                "if",
                &"a".repeat(65),
            ] {
                assert!(check(project, name).is_err(), "{name}");
            }
            assert_eq!(refused(project, "My Words").as_deref(), Some("`--name my-words` would do"));
            assert_eq!(refused(project, "").as_deref(), Some("give another with --name"));
        }
        assert_eq!(refused(Project::OcamlWorker, "list").as_deref(), Some("`--name list-worker` would do"));
        for name in ["val", "logs", "mycelium-unix", "handler"] {
            assert!(check(Project::OcamlWorker, name).is_err() && check(Project::RustService, name).is_ok(), "{name}");
        }
        for name in ["impl", "tokio", "mycelium-bus", "deps", "gen"] {
            assert!(check(Project::RustService, name).is_err() && check(Project::OcamlWorker, name).is_ok(), "{name}");
            assert!(check(Project::RustClient, name).is_err(), "{name}");
        }
    }
}
