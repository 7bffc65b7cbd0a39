/* What OCaml's Unix library lacks: a monotonic clock, poll, reads and writes
   that neither wait, nor raise SIGPIPE, nor copy through a second buffer, and
   signals that are noticed whichever thread the system gives them to. The reads
   and writes do not wait, so they keep the runtime lock; wait gives it back. */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <caml/alloc.h>
#include <caml/mlvalues.h>
#include <caml/signals.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum { AGAIN = -1, LOST = -2 };

double mycelium_clock_unboxed(value unit)
{
  struct timespec t;
  (void)unit;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

CAMLprim value mycelium_clock(value unit)
{
  return caml_copy_double(mycelium_clock_unboxed(unit));
}

/* Where SIGPIPE cannot be kept from one call, it is kept from the socket. */
CAMLprim value mycelium_prepare(value fd)
{
#ifdef SO_NOSIGPIPE
  int on = 1;
  setsockopt(Int_val(fd), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#else
  (void)fd;
#endif
  return Val_unit;
}

static value outcome(ssize_t n)
{
  if (n >= 0)
    return Val_long(n);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
    return Val_int(AGAIN);
  return Val_int(LOST);
}

CAMLprim value mycelium_recv(value fd, value bytes, value pos, value len)
{
  return outcome(recv(Int_val(fd), Bytes_val(bytes) + Long_val(pos),
                      Long_val(len), MSG_DONTWAIT));
}

CAMLprim value mycelium_send(value fd, value bytes, value pos, value len)
{
  return outcome(send(Int_val(fd), Bytes_val(bytes) + Long_val(pos),
                      Long_val(len), MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* Bit 0: [readable] is, bit 1: [other] is. Negative descriptors are not looked
   at. Waits [seconds] at most, for ever if they are negative. */
static value wait(int fd, short events, int other, double seconds)
{
  struct pollfd fds[2] = { { fd, events, 0 }, { other, POLLIN, 0 } };
  double milliseconds = seconds * 1000.0 + 0.999;
  int timeout = seconds < 0              ? -1
                : milliseconds > INT_MAX ? INT_MAX
                                         : (int)milliseconds;
  int n;
  caml_enter_blocking_section();
  n = poll(fds, 2, timeout);
  caml_leave_blocking_section();
  if (n <= 0)
    return Val_int(0);
  return Val_int((fds[0].revents != 0) | (fds[1].revents != 0) << 1);
}

CAMLprim value mycelium_wait_readable(value fd, value other, value seconds)
{
  return wait(Int_val(fd), POLLIN, Int_val(other), Double_val(seconds));
}

CAMLprim value mycelium_wait_writable(value fd, value other, value seconds)
{
  return wait(Int_val(fd), POLLOUT, Int_val(other), Double_val(seconds));
}

/* OCaml's own handlers run when some OCaml thread next comes to it, which may
   be never where all of them wait. This one writes to a pipe, in whichever
   thread it runs. The next signal ends the process as if there were none. */
static const int signals[2] = { SIGTERM, SIGINT };
static struct sigaction before[2];
static volatile sig_atomic_t signal_fd = -1;

static void on_signal(int n)
{
  int saved = errno;
  struct sigaction action = { 0 };
  (void)n;
  action.sa_handler = SIG_DFL;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  if (write(signal_fd, "s", 1) < 0) {
    /* It is full: there is something to read. */
  }
  errno = saved;
}

CAMLprim value mycelium_catch_signals(value fd)
{
  struct sigaction action = { 0 };
  int i;
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  /* OCaml 5 runs its code on stacks that have no room for this. */
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  signal_fd = Int_val(fd);
  for (i = 0; i < 2; i++)
    sigaction(signals[i], &action, &before[i]);
  return Val_unit;
}

CAMLprim value mycelium_release_signals(value unit)
{
  int i;
  (void)unit;
  for (i = 0; i < 2; i++)
    sigaction(signals[i], &before[i], NULL);
  return Val_unit;
}
