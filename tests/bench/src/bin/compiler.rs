//! `compiler MYC_SCHEMA FOLDER [--quick] [--strict]`: compiles contracts of 10 to 10,000 messages of eight fields for
//! both languages, and the same shapes with `flatc --rust`, in interleaved rounds; then the commands that a person waits
//! for, `breaking` and `docs`, on the largest. Prints time, peak memory, lines a message, and the goals, as Markdown.
//! Writes below FOLDER.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

/// What a run of a program took.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    /// User and system time of all threads.
    cpu: Duration,
    /// Peak resident memory in MiB.
    memory: f64,
}

/// The minima of a size's rounds, and the lines a message in each language.
struct Row {
    messages: usize,
    ours: Cost,
    flatc: Cost,
    lines: Vec<(&'static str, f64)>,
}

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

/// Of how many messages one has changed where contracts are compared.
const CHANGED: usize = 100;

/// What a person waits for.
struct Wait {
    what: &'static str,
    cost: Cost,
}

/// The eight fields: name, type in a contract, type in a FlatBuffers schema.
const FIELDS: [(&str, &str, &str); 8] = [
    ("sequence", "u64", "ulong"),
    ("symbol", "String<32>", "string"),
    ("price", "f64", "double"),
    ("quantity", "u32", "uint"),
    ("change", "i64", "long"),
    ("venue", "u16", "ushort"),
    ("active", "bool", "bool"),
    ("level", "i8", "byte"),
];

const OUTPUTS: [(&str, &[&str]); 2] = [("Rust", &["messages.rs"]), ("OCaml", &["messages.ml", "messages.mli"])];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [compiler, folder, options @ ..] = &arguments[..] else {
        eprintln!("usage: compiler MYC_SCHEMA FOLDER [--quick] [--strict]");
        return ExitCode::from(2);
    };
    let rounds = if options.iter().any(|option| option == "--quick") { 3 } else { 15 };
    match measure(compiler, Path::new(folder), rounds) {
        Ok(unmet) if unmet > 0 && options.iter().any(|option| option == "--strict") => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compiler benchmark: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(compiler: &str, folder: &Path, rounds: u32) -> Result<usize, Box<dyn Error>> {
    let mut rows = Vec::new();
    for messages in SIZES {
        rows.push(measure_size(compiler, &folder.join(messages.to_string()), messages, rounds)?);
    }
    let most = SIZES[SIZES.len() - 1];
    let waits = measure_waits(compiler, &folder.join(most.to_string()), most, rounds)?;
    Ok(report(&rows, &waits))
}

/// Compares the largest contract with one in which every hundredth message has another field, and writes its reference.
fn measure_waits(compiler: &str, folder: &Path, messages: usize, rounds: u32) -> Result<Vec<Wait>, Box<dyn Error>> {
    let old: String = contract(messages)
        .split_inclusive("  Message")
        .enumerate()
        .map(|(index, text)| match index % CHANGED {
            0 => text.replace("quantity: u32", "quantity: u64"),
            _ => text.to_owned(),
        })
        .collect();
    fs::write(folder.join("old.yaml"), old)?;
    let (mut breaking, mut docs) = (None, None);
    for _ in 0..rounds {
        let arguments = ["breaking", "contracts.yaml", "--against", "old.yaml"];
        least(&mut breaking, run_to(1, compiler, &arguments, folder)?);
        // Every round writes all of its files.
        match fs::remove_dir_all(folder.join("site")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => fs::create_dir(folder.join("site"))?,
        }
        least(&mut docs, run(compiler, &["docs", "contracts.yaml", "--out", "site"], folder)?);
    }
    let (Some(breaking), Some(docs)) = (breaking, docs) else { return Err("no rounds".into()) };
    Ok(vec![
        Wait { what: "`breaking`, one message of a hundred changed", cost: breaking },
        Wait { what: "`docs`, HTML and Markdown", cost: docs },
    ])
}

fn measure_size(compiler: &str, folder: &Path, messages: usize, rounds: u32) -> Result<Row, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("contracts.yaml"), contract(messages))?;
    fs::write(folder.join("shapes.fbs"), flatbuffers(messages))?;
    let (mut ours, mut flatc) = (None, None);
    for _ in 0..rounds {
        // Every round writes its files: an unchanged one would be left alone.
        for output in ["messages.rs", "messages.ml", "messages.mli", "shapes_generated.rs"] {
            match fs::remove_file(folder.join(output)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let arguments = ["compile", "contracts.yaml", "--lang", "rust", "--lang", "ocaml", "--out", "."];
        least(&mut ours, run(compiler, &arguments, folder)?);
        least(&mut flatc, run("flatc", &["--rust", "shapes.fbs"], folder)?);
    }
    let (Some(ours), Some(flatc)) = (ours, flatc) else { return Err("no rounds".into()) };
    let mut lines = Vec::new();
    for (language, files) in OUTPUTS {
        let mut count = 0;
        for file in files {
            count += fs::read_to_string(folder.join(file))?.lines().count();
        }
        lines.push((language, count as f64 / messages as f64));
    }
    Ok(Row { messages, ours, flatc, lines })
}

/// A contract in the short form.
fn contract(messages: usize) -> String {
    let mut text = String::from("messages:\n");
    for message in 0..messages {
        let _ =
            write!(text, "  Message{message}:\n    tlv_type: {}\n    domain: Bench\n    fields:\n", 1_000 + message);
        for (name, kind, _) in FIELDS {
            let _ = writeln!(text, "      {name}: {kind}");
        }
    }
    text
}

/// The same shapes as tables.
fn flatbuffers(messages: usize) -> String {
    let mut text = String::new();
    for message in 0..messages {
        let _ = writeln!(text, "table Message{message} {{");
        for (name, _, kind) in FIELDS {
            let _ = writeln!(text, "  {name}: {kind};");
        }
        text.push_str("}\n");
    }
    text
}

fn least(best: &mut Option<Cost>, cost: Cost) {
    let Cost { wall, cpu, memory } = best.unwrap_or(cost);
    *best = Some(Cost { wall: wall.min(cost.wall), cpu: cpu.min(cost.cpu), memory: memory.min(cost.memory) });
}

/// Runs a program that is to succeed.
fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<Cost, Box<dyn Error>> {
    run_to(0, program, arguments, folder)
}

/// Runs a program to its end with an exit code: wall time, and the time and peak memory that the kernel counted for it.
fn run_to(code: i32, program: &str, arguments: &[&str], folder: &Path) -> Result<Cost, Box<dyn Error>> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    if code != 0 {
        // What is expected need not be said.
        command.stderr(Stdio::null());
    }
    let start = Instant::now();
    let child = command.spawn().map_err(|error| format!("cannot run {program}: {error}"))?;
    let mut status = 0;
    // SAFETY: an all-zero rusage is one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the id is that of a child of ours that nothing else waits for, and both pointers are to locals.
    let waited = unsafe { libc::wait4(child.id().cast_signed(), &mut status, 0, &mut usage) };
    let wall = start.elapsed();
    if waited < 0 {
        return Err(io::Error::last_os_error().into());
    }
    if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != code {
        return Err(format!("{program} {} does not end with exit code {code}", arguments.join(" ")).into());
    }
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_micros(time.tv_usec.unsigned_abs())
    };
    let cpu = time(usage.ru_utime) + time(usage.ru_stime);
    Ok(Cost { wall, cpu, memory: usage.ru_maxrss as f64 / 1024.0 })
}

/// Prints the tables and the goals; says how many are not met.
fn report(rows: &[Row], waits: &[Wait]) -> usize {
    println!("### Compiler: both languages, eight fields a message\n");
    println!("| messages | ours | a message | peak memory | flatc --rust | ours / flatc | lines a message |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    for Row { messages, ours, flatc, lines } in rows {
        let lines: Vec<String> = lines.iter().map(|(language, lines)| format!("{language} {lines:.0}")).collect();
        println!(
            "| {messages} | {:.1} ms | {:.1} µs | {:.0} MiB | {:.1} ms | {:.2} | {} |",
            ours.wall.as_secs_f64() * 1e3,
            ours.wall.as_secs_f64() * 1e6 / *messages as f64,
            ours.memory,
            flatc.wall.as_secs_f64() * 1e3,
            ours.wall.as_secs_f64() / flatc.wall.as_secs_f64(),
            lines.join(", "),
        );
    }
    println!();
    let [.., thousand, most] = rows else { return 0 };
    println!("### Other commands, {} messages\n", most.messages);
    println!("| command | wall | CPU | peak memory |");
    println!("| --- | ---: | ---: | ---: |");
    for Wait { what, cost } in waits {
        let [wall, cpu] = [cost.wall, cost.cpu].map(|time| time.as_secs_f64());
        println!("| {what} | {wall:.2} s | {cpu:.2} s | {:.0} MiB |", cost.memory);
    }
    println!();
    let in_time = waits.iter().all(|wait| wait.cost.wall < Duration::from_secs(2));
    let growth = (most.ours.wall.as_secs_f64() / most.messages as f64)
        / (thousand.ours.wall.as_secs_f64() / thousand.messages as f64);
    let goals = [
        ("10,000 messages, both languages, in less time than flatc takes for Rust", most.ours.wall < most.flatc.wall),
        ("10,000 messages in under 400 MiB", most.ours.memory < 400.0),
        ("time grows linearly: a message of 10,000 costs at most 1.25x one of 1,000", growth <= 1.25),
        ("10,000 messages, `breaking` and `docs` in under 2 s each", in_time),
        ("under 215 lines a message a language", most.lines.iter().all(|(_, lines)| *lines < 215.0)),
    ];
    let mut unmet = 0;
    for (goal, met) in goals {
        unmet += usize::from(!met);
        println!("- {goal}: {}", if met { "met" } else { "not met" });
    }
    println!("\nCompiler: {unmet} goals not met.");
    unmet
}
