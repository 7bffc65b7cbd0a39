(** What the threads around one connection share: its state, and writing.

    One lock guards all of it. It is never held in a system call that waits,
    nor while code of the program runs (but encoding and decoding).

    Who publishes writes at once, where little was written lately: so nothing
    waits on an idle connection. In a burst the frames of many calls go out in
    one write: a full chunk, or one that is 0.2 ms old, is written by whoever
    publishes then, the rest by the writer thread as soon as it runs. *)

(** Who waits for the socket and reads it. See {!Reader}. *)
type role = Free | Background | Leader

type t = {
  lock : Mutex.t;
  address : Address.t;
  client : Mycelium.Client.t;
  changed : Condition.t;  (** Handshake, answers, the end; not writing. *)
  room : Condition.t;  (** The outbox has become shorter. *)
  work : Semaphore.Binary.t;  (** For the writer thread. *)
  idle : Condition.t;  (** For the background thread. *)
  wake_output : Unix.file_descr;  (** Ends the reader's wait. *)
  wake_input : Unix.file_descr;
  mutable waking : bool;  (** A byte is in that pipe. *)
  mutable fd : Unix.file_descr;  (** Valid while there is a connection. *)
  mutable role : role;
  mutable activity : int;
  mutable asleep : bool;
  mutable backlog : bool;  (** The inbox may have frames. *)
  mutable followers : Condition.t list;
  mutable writing : bool;
  mutable wanted : bool;  (** The writer thread has work. *)
  mutable called : bool;  (** It has been woken, and has not looked since. *)
  mutable room_waiters : int;
  mutable flush_at : int;
      (** What {!Mycelium.Outbox.passed} has to reach for one of them. *)
  mutable choked : bool;  (** The socket takes no more for now. *)
  mutable tried : int;  (** Bytes of data when it last did not. *)
  mutable polling : bool;  (** The writer thread waits for it. *)
  mutable broken : bool;  (** Nothing can be written any more. *)
  mutable half_closed : bool;
  mutable paid_until : float;
  mutable oldest : float;  (** When the first frame not written was added. *)
  mutable pipe_closed : bool;
  mutable notes : (unit -> unit) list;
}

val create :
  address:Address.t ->
  client:Mycelium.Client.t ->
  (t, Mycelium.Failure.t) result
(** [create ~address ~client] has no connection yet. *)

val acquire : t -> unit
(** [acquire t] takes the lock. *)

val release : t -> unit
(** [release t] gives the lock back, then writes the log; what its reporter raises
    is left there. *)

val note : t -> (unit -> unit) -> unit
(** [note t log] has [log] called when the lock is released. *)

val locked : t -> (unit -> 'a) -> 'a
(** [locked t f] is [f ()] with the lock held. *)

val wake_reader : t -> unit
(** [wake_reader t] makes whoever waits for the socket look again. *)

(** {1 Writing} *)

val added : t -> unit
(** [added t] is to be called after something was added to the outbox. *)

val refund : t -> unit
(** [refund t] is for who is about to wait for a message: a question that waits
    for its answer is no burst, however many follow each other. *)

val flush : t -> unit
(** [flush t] writes what there is, as far as that needs no wait, and leaves
    the rest to the writer thread. *)

val call_writer : t -> unit
(** [call_writer t] leaves what there is to write to the writer thread. *)

val wait_for_room : t -> until:float -> unit
(** [wait_for_room t ~until] waits until the outbox has become shorter, or there
    is another reason to look. *)

val writer : t -> unit
(** [writer t] is what the writer thread does, until the end. *)
