(* Says hello in the bytes that the contract gives it. *)

module U64 = Mycelium_wire.U64
module Greeting = Messages.Greeting

let () =
  match Greeting.make ~text:"hello" ~at:(U64.of_int_exn 1_700_000_000) with
  | Error error -> prerr_endline (Mycelium_wire.Error.to_string error)
  | Ok greeting -> (
      match Greeting.decode_string (Greeting.encode greeting) with
      | Error error -> prerr_endline (Mycelium_wire.Error.to_string error)
      | Ok received ->
          Printf.printf "%d bytes on topic %s: %s\n" Greeting.size
            Greeting.topic received.Greeting.text)
