//! Signals: which of them end a command that would go on by itself, and which must not end one in the middle of a file.

/// Lets a write past the limit on the size of files fail like any other: by itself the signal would end the process, and
/// leave half a file behind.
#[cfg(unix)]
pub fn fail_writes() {
    static CAME: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    // That it came is of no interest: the write says so as well.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, &CAME);
}

/// Calls `end` at the first signal that asks the process to end; the second one ends it at once.
#[cfg(unix)]
pub fn at_end(end: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        let mut signals = signals.forever();
        if signals.next().is_some() {
            end();
        }
        if let Some(signal) = signals.next() {
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}

#[cfg(not(unix))]
pub fn fail_writes() {}

/// Other systems end the process.
#[cfg(not(unix))]
pub fn at_end(_: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    Ok(())
}
