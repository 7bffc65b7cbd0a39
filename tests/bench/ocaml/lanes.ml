(* A lane a format, each with its own loop, so that what is measured is called
   directly and nothing but the work is in the loop. *)

open Rounds

type goal = { against : string; ratio : float }
type group = { name : string; lanes : lane list; goals : goal list }

let ours = "ours"
let by_hand = "by hand"
let by_hand_again = "the same again"
let threaded = "offset threaded"
let marshal = "Marshal"

let goals ratio =
  [
    { against = by_hand; ratio };
    { against = Binprot.name; ratio = 1. };
    { against = threaded; ratio = 0.5 };
  ]

(* [Sys.opaque_identity] keeps the compiler from seeing through, or moving
   anything out of the loop. *)
let opaque = Sys.opaque_identity

(* Inlined where it is used, so that [encode] is a direct call. *)
let[@inline always] encode name bytes f value =
  let buffer = Bytes.create 1024 in
  let run count =
    for _ = 1 to count do
      f (opaque value) (opaque buffer) ~pos:0
    done
  in
  { name; bytes; run }

let[@inline always] decode name payload f =
  let len = Bytes.length payload in
  let run count =
    for _ = 1 to count do
      match opaque (f (opaque payload) ~pos:0 ~len) with
      | Ok _ -> ()
      | Error _ -> failwith name
    done
  in
  { name; bytes = len; run }

let marshal_encode value =
  let buffer = Bytes.create 1024 in
  let write value = Marshal.to_buffer buffer 0 1024 value [ No_sharing ] in
  let run count =
    for _ = 1 to count do
      ignore (opaque (write (opaque value)))
    done
  in
  { name = marshal; bytes = write value; run }

let marshal_decode (type a) (value : a) =
  let bytes = Marshal.to_bytes value [ No_sharing ] in
  let run count =
    for _ = 1 to count do
      ignore (opaque (Marshal.from_bytes (opaque bytes) 0 : a))
    done
  in
  { name = marshal; bytes = Bytes.length bytes; run }
