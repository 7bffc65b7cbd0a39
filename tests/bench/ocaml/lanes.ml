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

let room = Rounds.(offset places)

(* [bytes] at every place. *)
let everywhere bytes =
  let arena = Bytes.make room '\000' in
  for place = 0 to Rounds.places - 1 do
    Bytes.blit bytes 0 arena (Rounds.offset place) (Bytes.length bytes)
  done;
  arena

(* Inlined where it is used, so that [encode] is a direct call. *)
let[@inline always] encode name bytes f value =
  let buffer = Bytes.create room in
  let run ~place count =
    let pos = Rounds.offset place in
    for _ = 1 to count do
      f (opaque value) (opaque buffer) ~pos
    done
  in
  { name; bytes; run }

let[@inline always] decode name payload f =
  let arena = everywhere payload and len = Bytes.length payload in
  let run ~place count =
    let pos = Rounds.offset place in
    for _ = 1 to count do
      match opaque (f (opaque arena) ~pos ~len) with
      | Ok _ -> ()
      | Error _ -> failwith name
    done
  in
  { name; bytes = len; run }

let marshal_encode value =
  let buffer = Bytes.create room in
  let write value pos = Marshal.to_buffer buffer pos 1024 value [ No_sharing ] in
  let run ~place count =
    let pos = Rounds.offset place in
    for _ = 1 to count do
      ignore (opaque (write (opaque value) pos))
    done
  in
  { name = marshal; bytes = write value 0; run }

let marshal_decode (type a) (value : a) =
  let bytes = Marshal.to_bytes value [ No_sharing ] in
  let arena = everywhere bytes in
  let run ~place count =
    let pos = Rounds.offset place in
    for _ = 1 to count do
      ignore (opaque (Marshal.from_bytes (opaque arena) pos : a))
    done
  in
  { name = marshal; bytes = Bytes.length bytes; run }
