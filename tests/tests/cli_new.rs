//! `myc-schema new`: what it writes, that it builds and runs by the steps that it prints, and what it refuses.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mycelium_tests::program::{Run, command, folder, run};
use mycelium_tests::project::{Program, bash, lock, new, steps};
use mycelium_tests::toolchain::{self, compiler, root};

/// Every file below a folder, by its path, but for build output.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(folder).expect("a path below").to_str().expect("UTF-8").to_owned();
            if path.is_dir() {
                if name != "_build" {
                    folders.push(path);
                }
            } else {
                files.insert(name, fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    files
}

fn snapshot(name: &str, words: &str, files: &BTreeMap<String, String>) {
    let mut text = words.to_owned();
    for (path, content) in files.iter().filter(|(path, _)| !is_copy(path)) {
        text.push_str(&format!("\n==> {path} <==\n{content}"));
    }
    // The checkout that the compiler was built from is elsewhere on every machine.
    let text = text.replace(root().canonicalize().expect("a path").to_str().expect("UTF-8"), "/CHECKOUT");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots/new");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// A command with the compiler on the path, as it is once installed.
fn with_compiler(mut command: Command) -> Command {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = compiler().parent().map(Path::to_path_buf).into_iter();
    command.env("PATH", env::join_paths(folders.chain(env::split_paths(&path))).expect("a path"));
    command.env_remove("INSIDE_DUNE");
    command
}

/// What is said by a compiler that is on the path.
fn new_installed(here: &Path, arguments: &[&str]) -> String {
    Run::from(toolchain::run(with_compiler(command(here, [&["new"], arguments].concat())))).exits(0).stderr
}

/// Files that are no templates: those of the library, and its licence.
fn is_copy(path: &str) -> bool {
    path.starts_with("vendor/mycelium/lib/") || path == "vendor/mycelium/LICENSE-MIT"
}

/// Without this, a change of what users get would not be seen in review, and a template could be in no project.
#[test]
fn projects_are_as_their_snapshots_say() {
    let here = folder(&[]);
    let renamed = &["--name", "other-name"];
    for (kind, other) in [("ocaml-worker", &["--no-vendor"][..]), ("rust-service", renamed), ("rust-client", renamed)] {
        let words = new_installed(here.path(), &[kind, &format!("my-{kind}")]);
        let files = tree(&here.path().join(format!("my-{kind}")));
        snapshot(kind, &words, &files);
        let written = files.keys().filter(|path| !is_copy(path) && *path != "contracts.yaml").count();
        assert_eq!(written, tree(&root().join("templates/new").join(kind)).len(), "a template is left out of {kind}");

        // Only what has to differ does.
        let words = new_installed(here.path(), &[&[kind, &format!("other-{kind}")], other].concat());
        let others = tree(&here.path().join(format!("other-{kind}")));
        let changed: BTreeMap<String, String> =
            others.into_iter().filter(|(path, text)| files.get(path) != Some(text)).collect();
        snapshot(&format!("{kind}-other"), &words, &changed);
    }
}

/// A folder of this test's own that stays the same from run to run, so that cargo builds only once.
fn workshop(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Projects are built one at a time: while one cargo builds, another waits, however little it has to do.
fn alone() -> MutexGuard<'static, ()> {
    static BUILDS: Mutex<()> = Mutex::new(());
    BUILDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Without this, the first thing that a new user tries could fail: both projects are built, tested and run by the
/// commands that are printed and nothing else, and then talk to each other.
#[test]
fn printed_steps_lead_to_programs_that_talk() {
    let _alone = alone();
    let here = workshop("new");
    // Not a folder of the workspace: paths of sockets are short.
    let sockets = folder(&[]);
    let socket = sockets.path().join("bus");
    // All steps but the last, and what the last one needs to be run.
    let prepare = |words: &str| {
        let steps = steps(words);
        let (last, first) = steps.split_last().expect("steps");
        let said = Run::from(toolchain::run(bash(&here, &first.join("\n")))).exits(0).stderr;
        assert!(!said.to_lowercase().contains("warning"), "{said}");
        let last = last.replace("/tmp/mycelium.sock", &socket.display().to_string());
        let setting = first.iter().filter(|step| step.starts_with("cd ") || step.starts_with("export "));
        let setting: String = setting.map(|step| format!("{step}\n")).collect();
        // What is logged on stdout is listened to as well.
        format!("{setting}export {} 1>&2", last.replacen(' ', "\nexec ", 1))
    };
    let start = |last: &str| Program::start(bash(&here, last));

    let words = new(&here, &["rust-service", "my-service"]);
    lock(&here.join("my-service"));
    let formatted =
        toolchain::cargo(&here.join("my-service"), &["fmt", "--check", "--", "--config-path", "rustfmt.toml"]);
    fs::write(here.join("my-service/rustfmt.toml"), "").expect("written");
    Run::from(toolchain::run(formatted)).quiet();
    let last_of_service = prepare(&words);
    let mut service = start(&last_of_service);
    service.says("listening");

    let words = new(&here, &["ocaml-worker", "my-worker"]);
    let before = tree(&here.join("my-worker"));
    let mut worker = start(&prepare(&words));
    worker.says("words");
    service.says("reply");

    // Each comes back to the other.
    service.ends();
    let mut service = start(&last_of_service);
    service.says("reply");
    worker.ends();
    service.ends();
    assert!(!socket.exists(), "the service removes its socket");

    // Building leaves a clean checkout: the opam file is the one that dune makes of dune-project.
    let after = tree(&here.join("my-worker"));
    assert_eq!(before, after);
}

/// Without this, a newcomer with a bridge could have no way to reach its workers from Rust: the client is built, tested
/// and run by the printed steps, with a worker that `myc-bridge` supervises, and a contract that differs ends it with 78.
#[test]
fn a_client_asks_a_worker_of_a_bridge() {
    let _alone = alone();
    let here = workshop("client");
    let sockets = folder(&[]);
    let socket = sockets.path().join("bus");
    let words = new(&here, &["ocaml-worker", "my-worker"]);
    let made = steps(&words).into_iter().take_while(|step| step != "dune test").collect::<Vec<_>>();
    Run::from(toolchain::run(bash(&here, &made.join("\n")))).exits(0);
    let settings = format!(
        "contracts: my-worker/contracts.yaml\nsocket: {}\n\
         workers: [{{ id: words, program: my-worker/_build/default/bin/main.exe }}]\n",
        socket.display()
    );
    fs::write(here.join("bridge.yaml"), settings).expect("written");
    let start = format!("exec '{}' run --config bridge.yaml", toolchain::bridge().display());
    let mut bridge = Program::start(bash(&here, &start));

    let words = new(&here, &["rust-client", "my-client"]);
    let project = here.join("my-client");
    lock(&project);
    let steps = steps(&words).join("\n").replace("/tmp/mycelium.sock", &socket.display().to_string());
    let said = Run::from(toolchain::run(bash(&here, &steps))).exits(0);
    assert!(said.text().ends_with("\n5 words\n"), "{}", said.text());
    assert!(!said.stderr.to_lowercase().contains("warning"), "{}", said.stderr);
    // What the worker logs as information is logged as that.
    bridge.says("INFO mycelium_bridge::output: main.exe: [INFO] Request");
    fs::write(project.join("rustfmt.toml"), "").expect("written");
    let formatted = toolchain::cargo(&project, &["fmt", "--check", "--", "--config-path", "rustfmt.toml"]);
    Run::from(toolchain::run(formatted)).quiet();

    // Without a bridge, without settings, and with another contract: words for people, and a code for supervisors.
    let ask = |socket: &str| {
        let line = format!("cd my-client && MYCELIUM_SOCKET={socket} cargo run --quiet a");
        Run::from(toolchain::run(bash(&here, &line)))
    };
    ask("nowhere").exits(1).says(&["my-client: cannot connect to nowhere: is the bridge running", "No such file"]);
    ask("''").exits(78).says(&["my-client: MYCELIUM_SOCKET: not set"]);
    let contract = fs::read_to_string(project.join("contracts.yaml")).expect("a contract");
    fs::write(project.join("contracts.yaml"), contract.replace("words: u32", "words: u64")).expect("written");
    let source = fs::read_to_string(project.join("src/lib.rs")).expect("a source");
    fs::write(project.join("src/lib.rs"), source.replace("<u32, ", "<u64, ")).expect("written");
    let refused = ask(socket.to_str().expect("UTF-8")).exits(78);
    refused.says(&["my-client: the bridge was built with another contract: Reply differs"]);
    bridge.ends();
}

/// Without this, a second worker in a dune workspace, which can have one copy of the library, could not be built.
#[test]
fn workers_of_one_workspace_share_a_library() {
    let here = folder(&[("dune-project", "(lang dune 2.9)\n")]);
    new(here.path(), &["ocaml-worker", "one"]);
    new(here.path(), &["ocaml-worker", "two", "--no-vendor"]);
    let said = Run::from(toolchain::run(with_compiler(toolchain::dune(here.path(), &["build", "@default"]))));
    assert_eq!(said.exits(0).stderr, "");
    let built = |name: &str| here.path().join("_build/default").join(name).join("bin/main.exe").is_file();
    assert!(built("one") && built("two"));
}

/// Without this, workers that use an installed library would not build, or a given copy be another one.
#[test]
fn the_library_comes_from_where_it_is_said_to() {
    let here = folder(&[]);
    let checkout = root();
    new(here.path(), &["ocaml-worker", "installed", "--no-vendor"]);
    let mut dune = with_compiler(toolchain::dune(&here.path().join("installed"), &["build", "@install", "@runtest"]));
    dune.env("OCAMLPATH", toolchain::ocaml_library());
    Run::from(toolchain::run(dune)).exits(0);

    new(here.path(), &["ocaml-worker", "a/worker"]);
    let own = tree(&here.path().join("a/worker"));
    for runtime in [checkout.clone(), checkout.join("runtime-ocaml")] {
        let dir = format!("b{}/worker", runtime.ends_with("runtime-ocaml"));
        new(here.path(), &["ocaml-worker", &dir, "--runtime", runtime.to_str().expect("UTF-8")]);
        assert_eq!(tree(&here.path().join(dir)), own);
    }

    // In a checkout, its crates are used; a workspace above the project is told apart from it.
    let inside = folder(&[("Cargo.toml", "[workspace]\n")]);
    for (part, name) in
        [("compiler", "myc-schema"), ("runtime-rust/bus", "mycelium-bus"), ("runtime-rust/wire", "mycelium-wire")]
    {
        fs::create_dir_all(inside.path().join(part)).expect("a folder");
        fs::write(inside.path().join(part).join("Cargo.toml"), format!("name = \"{name}\"\n")).expect("written");
    }
    new(inside.path(), &["rust-service", "s"]);
    let manifest = fs::read_to_string(inside.path().join("s/Cargo.toml")).expect("a manifest");
    let real = inside.path().canonicalize().expect("a path");
    let bus = format!("mycelium-bus = {{ path = \"{}/runtime-rust/bus\" }}\n", real.display());
    assert!(manifest.contains(&bus) && manifest.ends_with("\n[workspace]\n"), "{manifest}");
    // Elsewhere, those of the checkout that the compiler was built from: never a crate of crates.io.
    new(here.path(), &["rust-service", "elsewhere"]);
    let manifest = fs::read_to_string(here.path().join("elsewhere/Cargo.toml")).expect("a manifest");
    let root = checkout.canonicalize().expect("a path");
    for (name, folder) in [("mycelium-bus", "runtime-rust/bus"), ("mycelium-wire", "runtime-rust/wire")] {
        let line = format!("{name} = {{ path = \"{}/{folder}\" }}\n", root.display());
        assert!(manifest.contains(&line), "{manifest}");
    }
    for kind in ["ocaml-worker", "rust-service"] {
        run(here.path(), ["new", kind, "c", "--runtime", "."]).exits(3).says(&["`.` is no checkout of Mycelium"]);
    }
    assert!(!here.path().join("c").exists());
}

/// Without this, somebody's work could be written over, or a mistake leave half a project.
#[test]
fn what_is_there_is_left_alone() {
    let files: Vec<(String, &str)> = (1..=7).map(|n| (format!("mine/{n}.ml"), "mine\n")).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    files.extend([("file", "mine\n"), ("clone/.git/HEAD", "x\n")]);
    let here = folder(&files);
    let before = tree(here.path());
    for kind in ["ocaml-worker", "rust-service", "rust-client"] {
        run(here.path(), ["new", kind, "mine"]).exits(3).says(&[
            "error: `mine` is not empty; there is `1.ml`, `2.ml`, `3.ml`, `4.ml`, `5.ml` and 2 more\n",
            "choose a folder that is empty",
        ]);
        run(here.path(), ["new", kind, "file"])
            .exits(3)
            .says(&["cannot write to `file`: what should be a directory is a file"]);
        run(here.path(), ["new", kind, "file/x"])
            .exits(3)
            .says(&["cannot write to `file/x`: what should be a directory is a file"]);
        run(here.path(), ["new", kind, "x/My Words"]).exits(2).says(&["`My Words`", "`--name my-words` would do"]);
        run(here.path(), ["new", kind, "x", "--name", "if"]).exits(2).says(&["it is a keyword of"]);
        run(here.path(), ["new", kind, "x", "--no-vendor", "--runtime", "."]).exits(2).says(&["cannot be used with"]);
    }
    run(here.path(), ["new", "rust-service", "x", "--no-vendor"]).exits(2).says(&["--no-vendor is for OCaml"]);
    run(here.path(), ["new", "ocmal-worker", "x"]).exits(2).says(&["a similar value exists: 'ocaml-worker'"]);
    assert_eq!(tree(here.path()), before);

    // A fresh clone is as good as an empty folder, and so is the current one.
    let clone = here.path().join("clone");
    let words = new(&clone, &["rust-service", "."]);
    assert!(!steps(&words).iter().any(|step| step.starts_with("cd ")), "{words}");
    assert!(clone.join("Cargo.toml").is_file() && clone.join(".git/HEAD").is_file());
    run(&clone, ["new", "rust-service", "."]).exits(3).says(&["`.` is not empty"]);
}
