val tests : unit Alcotest.test_case list

val take_all : Mycelium.Outbox.t -> string
(** [take_all o] writes all that may be written. *)
