//! What a process does between `fork` and `exec`. The one file of this crate with `unsafe`.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The highest number of a signal on Linux.
const LAST_SIGNAL: libc::c_int = 64;

/// The size of the kernel's set of signals, in bytes.
const SIGNAL_SET: usize = 8;

/// Makes `command` start a process that
/// - leads a group of its own, so that it can be ended together with what it has started itself;
/// - is killed by the system when the thread that starts it is gone;
/// - has no file descriptors but 0, 1 and 2, no blocked signals, and no ignored ones.
pub(super) fn prepare(command: &mut Command) {
    let parent = std::process::id();
    command.process_group(0);
    // SAFETY: between `fork` and `exec` of a process with threads only async-signal-safe functions may be called, and
    // nothing may allocate. The closure makes system calls by libc's thin wrappers, reads `errno`, and works on values
    // of its own stack frame. An error is made of a number (`from_raw_os_error`, `last_os_error`), without a heap.
    unsafe { command.pre_exec(move || enter(parent)) };
}

fn enter(parent: u32) -> io::Result<()> {
    // SAFETY: `PR_SET_PDEATHSIG` takes one number, and changes nothing but this process's own setting.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // A parent that died before the call above is not noticed by the system any more, but by its number.
    // SAFETY: `getppid` has no arguments and cannot fail.
    if u32::try_from(unsafe { libc::getppid() }) != Ok(parent) {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    reset_signals()?;
    // What others in this program have opened without `O_CLOEXEC` closes as well. The flag only takes effect with
    // `exec`: until then the descriptor by which a failure of it is reported has to stay open. Kernels before 5.11 do
    // not have it, and then what Rust has opened still closes.
    // SAFETY: the call has three numbers, and marks descriptors of this process, which no thread but this one uses.
    unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    Ok(())
}

/// Handlers go with `exec`; signals that are ignored or blocked would stay so.
fn reset_signals() -> io::Result<()> {
    // By the system call, as libc would leave out two signals that it has its own use for. More than any structure of
    // the kernel has; zeros are the default action, no flags and no mask.
    let default = [0u64; 16];
    for signal in 1..=LAST_SIGNAL {
        // Refused for KILL and STOP, which are as they should be.
        // SAFETY: the kernel reads its structure, which is no longer than `default`, and writes nothing, as the third
        // argument is null. The default action runs no code of this process.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), std::ptr::null::<u64>(), SIGNAL_SET) };
    }
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` writes the whole set that it is given a valid pointer to, so that it is initialised when it
    // is read; the third argument may be null.
    let failed = unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut())
    };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
