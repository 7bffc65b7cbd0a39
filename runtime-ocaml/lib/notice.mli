(** What happens to a client that is worth a line in a log. *)

type t =
  | Connected of Connection.session
  | Disconnected of { failure : Failure.t; again : bool }
      (** [again]: it will be tried again. *)
  | Dropped_by_bridge of int  (** So many frames for this client, in all. *)
  | Left_out of { type_id : int; problem : string }
      (** A message that is not valid. *)
  | Discarded of int  (** So many messages will never be sent. *)

val is_warning : t -> bool
(** [is_warning t] tells warnings from what is good to know. *)

val to_string : t -> string
(** [to_string t] is one line. *)
