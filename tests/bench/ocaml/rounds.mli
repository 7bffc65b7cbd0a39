(** Interleaved rounds: every lane runs a short batch in every round, and the
    fastest batch of a lane counts. Noise on a shared machine comes in bursts
    and only ever adds time, so minima over interleaved batches compare fairly
    where means over separate runs do not. *)

type lane = {
  name : string;
  bytes : int;  (** written or read *)
  run : place:int -> int -> unit;
      (** so many operations, in a loop of its own, on bytes at one of the
          {!places} *)
}

val places : int
(** How many places there are. How long a copy takes depends on where its ends
    lie in memory: every lane is measured at several places, and the best one
    counts. *)

val offset : int -> int
(** [offset place] is where a place begins, [offset places] where the last one
    ends; 1024 bytes fit each. *)

type cost = {
  nanoseconds : float;  (** an operation *)
  minor_words : float;  (** allocated an operation *)
}

val minima : rounds:int -> lane list -> cost list
(** [minima ~rounds lanes] is the cost of each lane. *)
