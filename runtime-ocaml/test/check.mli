(** Short words for tests. *)

val case : string -> (unit -> unit) -> unit Alcotest.test_case
(** [case name f] is a quick test. *)

val property :
  string -> ?count:int -> 'a QCheck2.Gen.t -> print:('a -> string) ->
  ('a -> bool) -> unit Alcotest.test_case
(** [property name gen ~print law] tries [law] on generated values, always the
    same ones. *)

val error : code:string -> path:string -> ('a, Mycelium.Error.t) result -> unit
(** [error ~code ~path r] fails unless [r] is that error. *)

val ok : ('a, Mycelium.Error.t) result -> 'a
(** [ok r] is its value, or fails. *)

val refused : string -> (unit -> 'a) -> unit
(** [refused what f] fails unless [f ()] raises [Invalid_argument]. *)

val hex : string -> string
(** [hex s] is hexadecimal. *)

val patch : string -> int -> string -> string
(** [patch s pos bytes] is [s] with [bytes] at [pos]. *)

val u64 : string -> Mycelium.U64.t
(** [u64 s] is the number. *)
