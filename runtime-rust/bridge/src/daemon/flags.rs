//! The settings as flags. What there is to set is [`super::settings`]'s; how flags and the file come together is
//! [`super::config`]'s.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::settings::{Endpoint, Merge, Section, Setting, Settings, Worker, WorkerDefaults};
use super::values::Value;

/// What flags have set.
#[derive(Clone, Debug, Default)]
pub struct Flags(pub Settings);

/// The flag of a setting of all workers begins so.
pub const WORKER_PREFIX: &str = "worker-";

/// A setting's flag, without the dashes.
pub fn flag(prefix: &str, setting: &Setting) -> String {
    format!("{prefix}{}", setting.key.replace('_', "-"))
}

/// A section that has a flag for each setting.
struct Flagged {
    /// Its heading in the help.
    heading: &'static str,
    /// What its flags begin with.
    prefix: &'static str,
    table: Vec<Setting>,
    set: fn(&mut Settings, &str, &str) -> Option<Result<(), String>>,
}

fn sections() -> [Flagged; 3] {
    [
        Flagged { heading: "Bridge", prefix: "", table: Settings::table(), set: |all, key, text| all.set(key, text) },
        Flagged {
            heading: "Clients",
            prefix: "",
            table: Endpoint::table(),
            set: |all, key, text| all.endpoint.set(key, text),
        },
        Flagged {
            heading: "All workers",
            prefix: WORKER_PREFIX,
            table: WorkerDefaults::table(),
            set: |all, key, text| all.worker_defaults.set(key, text),
        },
    ]
}

fn argument(heading: &'static str, prefix: &str, setting: Setting) -> Arg {
    let default = setting.default.as_ref().map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let flag = flag(prefix, &setting);
    Arg::new(flag.clone())
        .long(flag)
        .value_name(setting.value)
        .help(format!("{}{default}", setting.help))
        .help_heading(heading)
        .value_parser(move |text: &str| (setting.check)(text).map(|()| text.to_owned()))
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        let settings = sections().into_iter().flat_map(|Flagged { heading, prefix, table, .. }| {
            table.into_iter().map(move |setting| argument(heading, prefix, setting))
        });
        command.args(settings).args([
            Arg::new("worker")
                .long("worker")
                .value_name("ID=PROGRAM")
                .help("Runs this worker as well; may be given several times")
                .help_heading("One worker")
                .action(ArgAction::Append)
                .value_parser(|text: &str| worker(text).map(|_| text.to_owned())),
            Arg::new("worker-set")
                .long("worker-set")
                .value_name("ID.KEY=VALUE")
                .help("Sets a key of a worker, such as `echo.args=[--fast]` or `echo.grace=1s`; may be given several times")
                .help_heading("One worker")
                .action(ArgAction::Append)
                .value_parser(|text: &str| worker_set(text).map(|_| text.to_owned())),
        ])
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// `ID=PROGRAM`.
fn worker(text: &str) -> Result<Worker, String> {
    let (id, program) = text.split_once('=').ok_or("write `ID=PROGRAM`, such as `echo=./echo`")?;
    Ok(Worker {
        id: Some(Value::parse(id).map_err(|words| format!("the id: {words}"))?),
        program: Some(Value::parse(program).map_err(|words| format!("the program: {words}"))?),
        ..Worker::default()
    })
}

/// `ID.KEY=VALUE`.
fn worker_set(text: &str) -> Result<Worker, String> {
    let form = "write `ID.KEY=VALUE`, such as `echo.grace=1s`";
    let (name, value) = text.split_once('=').ok_or(form)?;
    let (id, key) = name.rsplit_once('.').filter(|(id, _)| !id.is_empty()).ok_or(form)?;
    let mut worker = Worker { id: Some(id.to_owned()), ..Worker::default() };
    match worker.set(key, value) {
        Some(set) => set.map(|()| worker),
        None => {
            let table = Worker::table();
            let near = myc_schema::suggest::nearest(key, table.iter().map(|setting| setting.key));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(format!("a worker has no key `{}`{near}", key.escape_debug()))
        }
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let wrong = |words: String| clap::Error::raw(clap::error::ErrorKind::ValueValidation, words + "\n");
        let settings = &mut self.0;
        // Every text was checked when it was parsed; were one wrong all the same, the error would say so.
        for Flagged { prefix, table, set, .. } in sections() {
            for setting in table {
                let Some(text) = matches.get_one::<String>(&flag(prefix, &setting)) else { continue };
                set(settings, setting.key, text).unwrap_or(Ok(())).map_err(wrong)?;
            }
        }
        for text in matches.get_many::<String>("worker").into_iter().flatten() {
            add(&mut settings.workers, worker(text).map_err(wrong)?);
        }
        for text in matches.get_many::<String>("worker-set").into_iter().flatten() {
            add(&mut settings.workers, worker_set(text).map_err(wrong)?);
        }
        Ok(())
    }
}

/// Adds what is set about a worker to what was set about it before.
fn add(workers: &mut Vec<Worker>, worker: Worker) {
    match workers.iter_mut().find(|known| known.id == worker.id) {
        Some(known) => *known = worker.or(known),
        None => workers.push(worker),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Settings, String> {
        let command = Flags::augment_args(Command::new("run").no_binary_name(true));
        let matches = command.try_get_matches_from(arguments).map_err(|error| error.to_string())?;
        Flags::from_arg_matches(&matches).map(|flags| flags.0).map_err(|error| error.to_string())
    }

    // A flag that set nothing, or another key, would be silently without effect.
    #[test]
    fn every_setting_has_a_flag() {
        for Flagged { prefix, table, set, .. } in sections() {
            for setting in table {
                let text = match setting.value {
                    "TIME" => "7ms",
                    "SIZE" | "N" | "X" => "7",
                    "BOOL" => "true",
                    "MODE" => "0640",
                    "UID,…" => "7",
                    "LEVEL" => "trace",
                    "HEX" => "5e44fe9b7eb56643368234fcc3383244e398a22044e255e803889262415528a2",
                    _ => setting.default.as_deref().unwrap_or("x"),
                };
                let text = if setting.key == "unknown_types" { "forward" } else { text };
                let parsed = parse(&[&format!("--{}", flag(prefix, &setting)), text]).expect("a flag");
                let mut expected = Settings::default();
                assert_eq!(set(&mut expected, setting.key, text), Some(Ok(())), "{}", setting.key);
                assert_ne!(expected, Settings::default(), "{}", setting.key);
                assert_eq!(parsed, expected, "{}", setting.key);
            }
        }
    }

    #[test]
    fn workers_are_put_together() {
        let settings =
            parse(&["--worker", "a.b=./a=b", "--worker-set", "a.b.grace=1s", "--worker-set", "c.args=[x, '--y z']"])
                .expect("flags");
        let [a, c] = &settings.workers[..] else { panic!("{settings:?}") };
        assert_eq!((a.id.as_deref(), a.program.as_deref()), (Some("a.b"), Some("./a=b".as_ref())));
        assert_eq!(a.grace, Some(Value::parse("1s").expect("a time")));
        assert_eq!(c.args.as_ref().map(|args| &args.0[..]), Some(&["x".to_owned(), "--y z".to_owned()][..]));
    }

    #[test]
    fn wrong_flags_say_what_is_right() {
        for (arguments, words) in [
            (&["--handshake-deadline", "5"][..], "`5` has no unit: write `5s` or `5ms`"),
            (&["--max-client", "5"], "--max-clients"),
            (&["--worker", "echo"], "ID=PROGRAM"),
            (&["--worker-set", "echo=1"], "ID.KEY=VALUE"),
            (&["--worker-set", "echo.grase=1s"], "did you mean `grace`?"),
            (&["--worker-set", "echo.grace=1"], "no unit"),
            (&["--name", ""], "empty"),
        ] {
            let error = parse(arguments).expect_err(words);
            assert!(error.contains(words), "{error}");
        }
    }
}
