//! The settings of a run: the file, and the flags that win over it. Everything that is wrong is found here and in
//! [`super::assemble`], all of it at once, before a socket is bound or a worker started.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::exit::Failure;
use super::settings::{Merge, Part, Section, Settings};
use super::values::PathOrOff;
use findings::Findings;

pub mod checks;
pub mod findings;
pub mod yaml;

/// What is configured, as far as it is right, and what is wrong.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// What is set. What is not set, or set wrongly, has its default.
    pub settings: Settings,
    /// What is wrong so far.
    pub findings: Findings,
}

/// The settings of the file, its paths being relative to its folder, with those of flags over them. A file that cannot be
/// read, or is no YAML, is a failure.
pub fn load(path: Option<&Path>, flags: &Settings) -> Result<Configuration, Failure> {
    let Configuration { settings: file, mut findings } = match path {
        None => Configuration::default(),
        Some(path) => {
            let text = std::fs::read(path)
                .map_err(|error| Failure::system(format!("cannot read {}", path.display()), &error))?;
            let mut file = parse(&text, Findings::of(path))?;
            relative_to(path.parent().unwrap_or(Path::new("")), &mut file.settings);
            file
        }
    };
    let settings = flags.or(&file);
    for key in set_by(flags, &settings) {
        findings.is_elsewhere(&key);
    }
    Ok(Configuration { settings, findings })
}

/// The settings of a file for who only wants to know where its bridge is: what is wrong in the file is a failure, what
/// makes no sense is the bridge's to say.
pub fn read(path: Option<&Path>) -> Result<Settings, Failure> {
    let Configuration { settings, findings } = load(path, &Settings::default())?;
    findings.into_result().map(|()| settings)
}

fn parse(text: &[u8], mut findings: Findings) -> Result<Configuration, Failure> {
    let root = yaml::read(text, &mut findings);
    let settings = match root {
        Some(root) => {
            root.walk("", &mut |path, place| findings.is_at(path, place));
            let settings = Settings::read(&root, "", &mut findings);
            if !root.is_section() {
                findings.clone().into_result()?;
            }
            settings
        }
        // An empty file sets nothing.
        None => {
            findings.clone().into_result()?;
            Settings::default()
        }
    };
    Ok(Configuration { settings, findings })
}

/// The keys that flags have set, as they are called in the file.
fn set_by(flags: &Settings, settings: &Settings) -> Vec<String> {
    let of = |section: &str, keys: Vec<&str>| -> Vec<String> {
        keys.into_iter().map(|key| findings::inside(section, key)).collect()
    };
    let workers = flags.workers.iter().filter_map(|worker| {
        let index = settings.workers.iter().position(|other| other.id == worker.id)?;
        Some(of(&format!("workers[{index}]"), worker.keys()))
    });
    let sections = [
        of("", flags.keys()),
        of("endpoint", flags.endpoint.keys()),
        of("worker_defaults", flags.worker_defaults.keys()),
    ];
    sections.into_iter().chain(workers).flatten().collect()
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
pub fn control_socket(settings: &Settings) -> Option<PathBuf> {
    match (&settings.control, &settings.socket) {
        (Some(PathOrOff(path)), _) => path.clone(),
        (None, Some(socket)) => Some(beside(socket)),
        (None, None) => None,
    }
}

/// The control socket of a bridge with this socket, unless another is configured.
pub fn beside(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(".control");
    path.into()
}

/// What is logged, by a filter's text.
pub fn filter(text: &str) -> Result<Targets, String> {
    // A target without a level would be taken as well, and so would a mistyped level.
    let is_level = |part: &str| part.contains('=') || LevelFilter::from_str(part.trim()).is_ok();
    let filter = Targets::from_str(text).ok().filter(|_| text.split(',').all(is_level));
    filter
        .ok_or_else(|| format!("`{text}` is no level or list of `target=level`, such as `warn,mycelium_bridge=debug`"))
}

#[cfg(test)]
mod tests;
