val tests : unit Alcotest.test_case list

val part : string QCheck2.Gen.t
(** [part] is a frame as a bridge sends it, or one that is damaged. *)
