//! The settings of a run: the file, the flags that win over it, and whether all of it makes sense. Everything that is
//! wrong is found here, before a socket is bound or a worker started.

use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::SocketAddr as UnixAddress;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mycelium_wire::frame::MAX_PAYLOAD;
use rustix::fs::{Access, access};
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::places::{Places, Twice};
use super::settings::{Merge, Settings, Worker};
use super::values::{PathOrOff, Unknown};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no YAML, or has a key that there is not, or a value of the wrong kind.
    #[error("{}{}: {words}", path.display(), at(*place))]
    File {
        /// The file.
        path: PathBuf,
        /// Line and column, where they are known.
        place: Option<(usize, usize)>,
        /// What is wrong; it begins with the key.
        words: String,
    },
    /// The settings make no sense.
    #[error("{}", lines(.0))]
    Settings(Vec<Problem>),
}

/// One thing that is wrong about the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `workers[1].program`.
    pub key: String,
    /// What is wrong with it.
    pub words: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.words)
    }
}

fn at(place: Option<(usize, usize)>) -> String {
    place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"))
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// The settings of the file, its paths being relative to its folder, with those of flags over them.
pub fn read(path: Option<&Path>, flags: &Settings) -> Result<Settings, ConfigError> {
    let file = match path {
        None => Settings::default(),
        Some(path) => {
            let text = std::fs::read(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
            let mut settings = parse(path, &text)?;
            relative_to(path.parent().unwrap_or(Path::new("")), &mut settings);
            settings
        }
    };
    let mut settings = flags.or(&file);
    for worker in &mut settings.workers {
        *worker = worker.with(&settings.worker_defaults);
    }
    Ok(settings)
}

fn parse(path: &Path, text: &[u8]) -> Result<Settings, ConfigError> {
    // An empty file sets nothing.
    if text.trim_ascii().is_empty() {
        return Ok(Settings::default());
    }
    let places = std::str::from_utf8(text).map(Places::of).unwrap_or_default();
    let wrong = |place, words| ConfigError::File { path: path.to_owned(), place, words };
    if let Some(Twice { path, first: (line, column), second }) = places.twice() {
        return Err(wrong(Some(*second), format!("{path}: the key is there twice, first at {line}:{column}")));
    }
    serde_path_to_error::deserialize(serde_yaml::Deserializer::from_slice(text)).map_err(|error| {
        let key = error.path().to_string();
        let error = error.into_inner();
        let text = error.to_string();
        let place = match text.contains("unknown field") {
            true => places.key(&key),
            // Where the text is no YAML its reader alone knows the place.
            false if places.are_all() => places.value_at(&key),
            false => None,
        };
        let place = place.or_else(|| error.location().map(|place| (place.line(), place.column())));
        wrong(place, words(&key, &text))
    })
}

/// The key and what is wrong with it. The reader says the place, which is said elsewhere, and the section, which is part
/// of the key.
fn words(key: &str, error: &str) -> String {
    let error = match error.rfind(" at line ") {
        Some(end) if error[end..].contains(" column ") => &error[..end],
        _ => error,
    };
    let end = key.rfind(['.', '[']).unwrap_or_default();
    let section = &key[..end];
    let error = [key, section].iter().find_map(|path| error.strip_prefix(path)?.strip_prefix(": ")).unwrap_or(error);
    let (key, words) = match unknown_key(error) {
        Some(words) => (section, words),
        None => (key, wrong_kind(error).unwrap_or_else(|| error.to_owned())),
    };
    if matches!(key, "" | ".") { words } else { format!("{key}: {words}") }
}

/// The reader's words about a value of another kind, in words of the file's language.
fn wrong_kind(error: &str) -> Option<String> {
    let wrong = error.strip_prefix("invalid type: ").or_else(|| error.strip_prefix("invalid value: "))?;
    let (found, expected) = wrong.rsplit_once(", expected ")?;
    let found = match found.split_once(' ').unwrap_or((found, "")) {
        ("sequence", _) => "a list".to_owned(),
        ("map", _) => "keys and values".to_owned(),
        ("unit", _) => "nothing".to_owned(),
        ("string", text) => format!("`{}`", text.trim_matches('"')),
        (_, value) if value.contains('`') => value[value.find('`').unwrap_or_default()..].to_owned(),
        _ => found.to_owned(),
    };
    let expected = match expected {
        "a sequence" => "a list, such as `[a, b]`",
        "u32" => "a number from 0 to 4294967295",
        other => other,
    };
    Some(format!("expected {expected}, found {found}"))
}

/// The reader's words about a key that there is not, with a suggestion.
fn unknown_key(error: &str) -> Option<String> {
    let (unknown, expected) = error.strip_prefix("unknown field `")?.split_once("`, expected ")?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let help = match myc_schema::suggest::nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    Some(format!("unknown key `{unknown}`; {help}"))
}

/// Makes the paths of a file relative to its folder.
fn relative_to(folder: &Path, settings: &mut Settings) {
    let join = |path: &mut PathBuf| *path = folder.join(&path);
    settings.contracts.iter_mut().for_each(join);
    settings.socket.iter_mut().for_each(join);
    if let Some(PathOrOff(Some(path))) = &mut settings.control {
        join(path);
    }
    for worker in &mut settings.workers {
        worker.current_dir.iter_mut().for_each(join);
        // A plain name is looked for in `PATH`.
        worker.program.iter_mut().filter(|program| program.components().count() > 1).for_each(join);
    }
}

/// Where `status` asks, if anywhere.
pub fn control(settings: &Settings) -> Option<PathBuf> {
    match (&settings.control, &settings.socket) {
        (Some(PathOrOff(path)), _) => path.clone(),
        (None, Some(socket)) => {
            let mut path = socket.as_os_str().to_owned();
            path.push(".control");
            Some(path.into())
        }
        (None, None) => None,
    }
}

/// Holds the settings of a bridge against each other and against the machine; gives everything that is wrong.
pub fn check(settings: &Settings) -> Result<(), ConfigError> {
    let mut problems = Problems::default();
    let Settings { endpoint, .. } = settings;
    if settings.socket.is_none() && settings.tcp.is_none() {
        problems.add("socket", "neither `socket` nor `tcp` is set: nobody could connect");
    }
    if settings.contracts.is_none() && settings.digest.is_none() {
        problems.add("contracts", "neither `contracts` nor `digest` is set: clients are held to one");
    }
    if let Some(path) = &settings.socket {
        problems.socket("socket", path);
    }
    if let Some(path) = control(settings) {
        problems.socket("control", &path);
        if settings.socket.as_ref() == Some(&path) {
            problems.add("control", "it is the path of `socket` as well");
        }
    }
    for (key, address) in [("tcp", &settings.tcp), ("http", &settings.http)] {
        if let Some(address) = address {
            let port = address.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
            if !matches!(port, Some((host, Ok(_))) if !host.is_empty()) {
                problems.add(key, format!("`{address}` is no address with a port, such as `127.0.0.1:7400`"));
            }
        }
    }
    if let Err(words) = filter(&settings.log()) {
        problems.add("log", words);
    }
    for (key, zero) in [
        ("endpoint.max_clients", endpoint.max_clients().0 == 0),
        ("endpoint.queue_frames", endpoint.queue_frames().0 == 0),
        ("endpoint.max_payload", endpoint.max_payload().0 == 0),
        ("endpoint.heartbeat_misses", endpoint.heartbeat_misses().0 == 0),
        ("endpoint.heartbeat", endpoint.heartbeat().0.is_some_and(|time| time.as_millis() == 0)),
        ("endpoint.handshake_deadline", endpoint.handshake_deadline().0.is_zero()),
        ("stats_interval", settings.stats_interval().0.is_some_and(|time| time.as_millis() == 0)),
    ] {
        if zero {
            problems.add(key, "it cannot be 0");
        }
    }
    if endpoint.max_payload().0 > u64::from(MAX_PAYLOAD) {
        problems.add("endpoint.max_payload", "the protocol's largest payload has 4MiB");
    }
    if endpoint.heartbeat_misses().0 > u64::from(u16::MAX) {
        problems.add("endpoint.heartbeat_misses", "the most are 65535");
    }
    if settings.contracts.is_none() {
        if endpoint.unknown_types == Some(Unknown::Refuse) {
            problems
                .add("endpoint.unknown_types", "without a contract no type is known, and nothing would be forwarded");
        }
        if endpoint.share() {
            problems.add("endpoint.share", "without a contract there are no types to share");
        }
    }
    if endpoint.allowed_uids.as_ref().is_some_and(|uids| uids.0.is_empty()) {
        problems.add("endpoint.allowed_uids", "nobody is in it, so nobody could connect: name users, or leave it out");
    }
    problems.workers(&settings.workers);
    if problems.0.is_empty() { Ok(()) } else { Err(ConfigError::Settings(problems.0)) }
}

/// What is logged, by a filter's text.
pub fn filter(text: &str) -> Result<Targets, String> {
    // A target without a level would be taken as well, and so would a mistyped level.
    let is_level = |part: &str| part.contains('=') || LevelFilter::from_str(part.trim()).is_ok();
    let filter = Targets::from_str(text).ok().filter(|_| text.split(',').all(is_level));
    filter
        .ok_or_else(|| format!("`{text}` is no level or list of `target=level`, such as `warn,mycelium_bridge=debug`"))
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, key: impl Into<String>, words: impl Into<String>) {
        self.0.push(Problem { key: key.into(), words: words.into() });
    }

    /// A socket's file may be there, stale or not; its folder has to be, and to take one.
    fn socket(&mut self, key: &str, path: &Path) {
        let shown = path.display();
        if path.as_os_str().as_bytes().contains(&0) {
            return self.add(key, "the path has a zero byte, and the system takes none");
        }
        if UnixAddress::from_pathname(path).is_err() {
            let bytes = path.as_os_str().len();
            self.add(key, format!("the path has {bytes} bytes, and the system takes 107 at most: {shown}"));
        }
        match std::fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                let what = if found.is_dir() { "a folder" } else { "something that is not a socket" };
                self.add(key, format!("at `{shown}` there is {what}: remove it, or choose another path"));
            }
            _ => {}
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let shown = folder.display();
        match std::fs::metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.add(key, format!("there is no folder `{shown}`"));
            }
            Err(error) => self.add(key, format!("the folder `{shown}` cannot be used: {error}")),
            Ok(found) if !found.is_dir() => self.add(key, format!("`{shown}` is not a folder")),
            Ok(_) => {
                if let Err(error) = access(folder, Access::WRITE_OK | Access::EXEC_OK) {
                    let error = io::Error::from(error);
                    self.add(key, format!("no socket can be made in the folder `{shown}`: {error}"));
                }
            }
        }
    }

    fn workers(&mut self, workers: &[Worker]) {
        for (index, worker) in workers.iter().enumerate() {
            let key = |name: &str| format!("workers[{index}].{name}");
            // The rest is the library's to say.
            if worker.id.is_none() {
                self.add(key("id"), "it is not set");
            }
            if worker.program.is_none() {
                self.add(key("program"), "it is not set");
            }
            if worker.backoff_factor().0 < 1.0 {
                self.add(key("backoff_factor"), "it is below 1: waits would not grow");
            }
            if worker.backoff_jitter().0 > 1.0 {
                self.add(key("backoff_jitter"), "it is above 1: a wait cannot be more random than that");
            }
            if worker.backoff_initial().0 > worker.backoff_max().0 {
                self.add(key("backoff_initial"), "it is longer than `backoff_max`");
            }
        }
    }
}

#[cfg(test)]
mod tests;
