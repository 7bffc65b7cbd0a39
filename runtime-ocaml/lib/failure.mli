(** What can go wrong between a client and its bridge. *)

(** One case for each thing that a program may want to tell apart. *)
type t =
  | Unreachable of { address : string; problem : string }
      (** No connection: nobody listens, no such path or host, no permission. *)
  | Handshake_timeout of { address : string; seconds : float }
      (** Connected, but no answer to the handshake. *)
  | Schema_mismatch of {
      differences : Differences.t;
      complete : bool;  (** [false] if the bridge did not say all of it. *)
      bridge_digest : string;  (** 32 bytes. *)
    }  (** The bridge has another contract. *)
  | Rejected of { reason : Core_messages.Reject_reason.t; detail : string }
      (** The bridge refuses this client. *)
  | Goodbye of { reason : Core_messages.Goodbye_reason.t; detail : string }
      (** The bridge has ended the connection, and said why. *)
  | Lost of string  (** The connection broke: what was seen of it. *)
  | Silent of float  (** The bridge has sent nothing for so many seconds. *)
  | Protocol of string  (** The bridge sent what makes no sense. *)
  | Closed  (** This side has closed it, or is stopping. *)
  | Full of { limit : int }
      (** What waits to be sent has reached its limit, in bytes. *)
  | Disconnected
      (** There is no connection now, and the program chose not to wait. *)
  | Unsent of { frames : int }
      (** So many messages were dropped before they were written. *)
  | Timeout of float  (** So many seconds have passed. *)
  | Overflow of { limit : int }
      (** A subscriber with policy [Disconnect] fell behind by so many
          frames. *)
  | Not_shared of { name : string }
      (** Bridge and client do not have this message alike. *)
  | Too_large of { name : string; size : int; limit : int }
      (** The bridge does not take payloads of this size. *)
  | Other_contract of { name : string }
      (** The message is not of the contract that the connection was made
          for. *)
  | Configuration of { key : string; problem : string }
      (** A setting or an environment variable is missing or wrong. *)

exception Failed of t
(** Raised by the functions that end in [_exn]. *)

val to_string : t -> string
(** [to_string t] says in one line what happened and what to do about it. *)

val pp : Format.formatter -> t -> unit
(** [pp ppf t] prints {!to_string}[ t]. *)

val is_permanent : t -> bool
(** [is_permanent t] is [true] iff trying again cannot help: the programs or
    their settings have to change. *)

(**/**)

val hex : string -> string

(**/**)

val exn : ('a, t) result -> 'a
(** [exn r] is the value of [r].
    @raise Failed where [r] is an error. *)
