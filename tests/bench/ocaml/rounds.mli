(** Interleaved rounds: every lane runs a short batch in every round, and the
    fastest batch of a lane counts. Noise on a shared machine comes in bursts
    and only ever adds time, so minima over interleaved batches compare fairly
    where means over separate runs do not. *)

type lane = {
  name : string;
  bytes : int;  (** written or read *)
  run : int -> unit;  (** so many operations, in a loop of its own *)
}

type cost = {
  nanoseconds : float;  (** an operation *)
  minor_words : float;  (** allocated an operation *)
}

val minima : rounds:int -> lane list -> cost list
(** [minima ~rounds lanes] is the cost of each lane. *)
