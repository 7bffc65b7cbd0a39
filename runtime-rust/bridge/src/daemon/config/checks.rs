//! Whether settings make sense: held against each other and against the machine. What is to be said of the programs and
//! folders of workers is the library's.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::SocketAddr as UnixAddress;
use std::path::Path;

use mycelium_wire::frame::MAX_PAYLOAD;
use rustix::fs::{Access, access};

use super::super::settings::{Endpoint, Section, Settings, Worker};
use super::super::values::Unknown;
use super::findings::Findings;
use super::{control_socket, filter};

/// Finds everything that makes no sense.
pub fn check(settings: &Settings, findings: &mut Findings) {
    let nowhere = settings.socket.is_none() && settings.tcp.is_none();
    if nowhere && !findings.has("socket") && !findings.has("tcp") {
        findings.add("socket", "neither `socket` nor `tcp` is set: nobody could connect");
    }
    let nothing = settings.contracts.is_none() && settings.digest.is_none();
    if nothing && !findings.has("contracts") && !findings.has("digest") {
        findings.add("contracts", "neither `contracts` nor `digest` is set: clients are held to one");
    }
    if let Some(path) = &settings.socket {
        socket("socket", path, findings);
    }
    if let Some(path) = control_socket(settings) {
        socket("control", &path, findings);
        if settings.socket.as_ref() == Some(&path) {
            findings.add("control", "it is the path of `socket` as well");
        }
    }
    addresses(settings, findings);
    if let Err(words) = filter(&settings.log()) {
        findings.add("log", words);
    }
    if settings.stats_interval().0.is_some_and(|time| time.as_millis() == 0) {
        findings.add("stats_interval", "it cannot be 0");
    }
    endpoint(&settings.endpoint, settings.contracts.is_some() || findings.has("contracts"), findings);
    let defaults = Worker::default().with(&settings.worker_defaults);
    worker("worker_defaults", &defaults, &defaults, findings);
    for (index, own) in settings.workers.iter().enumerate() {
        let section = format!("workers[{index}]");
        for (key, is_set) in [("id", own.id.is_some()), ("program", own.program.is_some())] {
            let key = format!("{section}.{key}");
            if !is_set && !findings.has(&key) {
                findings.add(&key, "it is not set");
            }
        }
        worker(&section, own, &own.with(&settings.worker_defaults), findings);
    }
}

fn addresses(settings: &Settings, findings: &mut Findings) {
    let mut are_right = true;
    for (key, address) in [("tcp", &settings.tcp), ("http", &settings.http)] {
        if let Some(address) = address
            && host_and_port(address).is_none()
        {
            are_right = false;
            findings.add(key, format!("`{address}` is no address with a port, such as `127.0.0.1:7400`"));
        }
    }
    if let (true, Some(tcp), Some(http)) = (are_right, &settings.tcp, &settings.http)
        && are_one_place(tcp, http)
    {
        let words = if tcp == http { String::new() } else { format!(", `{tcp}`") };
        findings.add("http", format!("it is the address of `tcp` as well{words}: give one of them another port"));
    }
}

fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':').filter(|(host, _)| !host.is_empty())?;
    Some((host, port.parse().ok()?))
}

/// Whether not both can be listened on, as far as that is seen without asking for names.
fn are_one_place(a: &str, b: &str) -> bool {
    let (Some((a_host, a_port)), Some((b_host, b_port))) = (host_and_port(a), host_and_port(b)) else { return false };
    // With port 0 each gets one of its own.
    if a_port != b_port || a_port == 0 {
        return false;
    }
    let ip = |address: &str| address.parse::<SocketAddr>().ok().map(|address| address.ip());
    match (ip(a), ip(b)) {
        (Some(a), Some(b)) => a == b || takes(a, b) || takes(b, a),
        _ => a_host.eq_ignore_ascii_case(b_host),
    }
}

/// Whether who listens on the one listens on the other as well.
fn takes(all: IpAddr, one: IpAddr) -> bool {
    // On all of IPv6 is on all of IPv4 too.
    all.is_unspecified() && (all.is_ipv6() || one.is_ipv4())
}

fn endpoint(endpoint: &Endpoint, has_contract: bool, findings: &mut Findings) {
    for (key, is_zero) in [
        ("max_clients", endpoint.max_clients().0 == 0),
        ("queue_frames", endpoint.queue_frames().0 == 0),
        ("max_payload", endpoint.max_payload().0 == 0),
        ("heartbeat_misses", endpoint.heartbeat_misses().0 == 0),
        ("heartbeat", endpoint.heartbeat().0.is_some_and(|time| time.as_millis() == 0)),
        ("handshake_deadline", endpoint.handshake_deadline().0.is_zero()),
    ] {
        if is_zero {
            findings.add(&format!("endpoint.{key}"), "it cannot be 0");
        }
    }
    if endpoint.max_payload().0 > u64::from(MAX_PAYLOAD) {
        findings.add("endpoint.max_payload", "the protocol's largest payload has 4MiB");
    }
    if endpoint.heartbeat_misses().0 > u64::from(u16::MAX) {
        findings.add("endpoint.heartbeat_misses", "the most are 65535");
    }
    if !has_contract && endpoint.unknown_types == Some(Unknown::Refuse) {
        let words = "without a contract no type is known, and nothing would be forwarded";
        findings.add("endpoint.unknown_types", words);
    }
    if !has_contract && endpoint.share() {
        findings.add("endpoint.share", "without a contract there are no types to share");
    }
    if endpoint.allowed_uids.as_ref().is_some_and(|uids| uids.0.is_empty()) {
        let words = "nobody is in it, so nobody could connect: name users, or leave it out";
        findings.add("endpoint.allowed_uids", words);
    }
}

/// The longest line of a worker's output that can be asked for: many of them have to fit into the log's queue.
const MAX_LINE: u64 = 64 << 10;

/// What one section says about workers, with what others say as well.
fn worker(section: &str, own: &Worker, whole: &Worker, findings: &mut Findings) {
    let keys = own.keys();
    for (key, is_wrong, words) in [
        ("max_line", whole.max_line().0 == 0, "it cannot be 0"),
        ("max_line", whole.max_line().0 > MAX_LINE, "the longest line that the log takes has 64KiB"),
        ("ready_deadline", whole.ready_deadline().0.is_zero(), "it cannot be 0"),
        ("backoff_factor", whole.backoff_factor().0 < 1.0, "it is below 1: waits would not grow"),
        ("backoff_jitter", whole.backoff_jitter().0 > 1.0, "it is above 1: a wait cannot be more random than that"),
    ] {
        if is_wrong && keys.contains(&key) {
            findings.add(&format!("{section}.{key}"), words);
        }
    }
    let backoff = [("backoff_initial", "longer than `backoff_max`"), ("backoff_max", "shorter than `backoff_initial`")];
    let is_said = backoff.iter().any(|(key, _)| findings.has(&format!("{section}.{key}")));
    if whole.backoff_initial().0 > whole.backoff_max().0
        && !is_said
        && let Some((key, words)) = backoff.iter().find(|(key, _)| keys.contains(key))
    {
        findings.add(&format!("{section}.{key}"), format!("it is {words}"));
    }
}

/// A socket's file may be there, stale or not; its folder has to be, and to take one.
fn socket(key: &str, path: &Path, findings: &mut Findings) {
    let shown = path.display();
    if path.as_os_str().as_bytes().contains(&0) {
        return findings.add(key, "the path has a zero byte, and the system takes none");
    }
    if UnixAddress::from_pathname(path).is_err() {
        let bytes = path.as_os_str().len();
        findings.add(key, format!("the path has {bytes} bytes, and the system takes 107 at most: {shown}"));
    }
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            let what = if found.is_dir() { "a folder" } else { "something that is not a socket" };
            findings.add(key, format!("at `{shown}` there is {what}: remove it, or choose another path"));
        }
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = folder.display();
    match std::fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            findings.add(key, format!("there is no folder `{shown}`"));
        }
        Err(error) => findings.add(key, format!("the folder `{shown}` cannot be used: {error}")),
        Ok(found) if !found.is_dir() => findings.add(key, format!("`{shown}` is not a folder")),
        Ok(_) => {
            if let Err(error) = access(folder, Access::WRITE_OK | Access::EXEC_OK) {
                let error = io::Error::from(error);
                findings.add(key, format!("no socket can be made in the folder `{shown}`: {error}"));
            }
        }
    }
}
