(** How long to wait before the next try: longer each time, at random within
    limits, so that many clients of one bridge do not all come back at once. *)

type t = private {
  initial : float;  (** Seconds before the first try. *)
  max : float;  (** Seconds at most. *)
  factor : float;  (** How many times longer the next wait is. *)
  jitter : float;
      (** 0 to 1: the part of each wait that is drawn at random. *)
}

val make :
  ?initial:float -> ?max:float -> ?factor:float -> ?jitter:float -> unit -> t
(** [make ()] waits 0.1 s, then twice as long each time, up to 10 s, half of it
    at random.
    @raise Invalid_argument
      unless [0 < initial <= max], [factor >= 1] and [0 <= jitter <= 1]. *)

val delay : t -> attempt:int -> random:float -> float
(** [delay t ~attempt ~random] is the seconds to wait before try [attempt],
    counted from 0, where [random] is in 0 to 1. *)
