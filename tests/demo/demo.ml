(* The OCaml half of [cargo xtask demo]: reads the messages that Rust wrote,
   writes them again from their values, and writes some of its own. *)

module Codec = Mycelium.Codec
module Error = Mycelium.Error
module U64 = Mycelium.U64
open Messages

let fail format = Printf.ksprintf failwith format

let valid = function
  | Ok message -> message
  | Error error -> fail "not valid: %s" (Error.to_string error)

let u64 text =
  match U64.of_string text with
  | Some number -> number
  | None -> fail "%s is not a u64" text

let read_file path =
  let channel = open_in_bin path in
  Fun.protect
    ~finally:(fun () -> close_in channel)
    (fun () -> really_input_string channel (in_channel_length channel))

let write_file path text =
  let channel = open_out_bin path in
  Fun.protect
    ~finally:(fun () -> close_out channel)
    (fun () -> output_string channel text)

let frame message =
  Codec.frame
    ~type_id:(Any_message.type_id message)
    (Any_message.encode message)

(* Every message of a stream of frames, in order. *)
let messages text =
  let decoder = Codec.Decoder.create () in
  Codec.Decoder.push decoder
    (Bytes.unsafe_of_string text)
    ~pos:0 ~len:(String.length text);
  let rec next found =
    match Codec.Decoder.next decoder with
    | Ok { Codec.type_id; buffer; pos; len } -> (
        match Any_message.decode ~type_id buffer ~pos ~len with
        | Some message -> next (valid message :: found)
        | None -> fail "no message has the type id %d" type_id)
    | Error (Codec.Incomplete _) when Codec.Decoder.pending decoder = 0 ->
        List.rev found
    | Error error -> fail "%s" (Codec.error_to_string error)
  in
  next []

let own =
  [
    Any_message.Text_message
      (Text_message.make_exn ~sender:"OCaml" ~content:"Grüße zurück, crab"
         ~timestamp:(U64.of_int_exn 1_700_000_001));
    Any_message.Counter_update
      (Counter_update.make_exn ~counter_id:(u64 "9223372036854775808")
         ~value:2_147_483_647 ~delta:(-2_147_483_648));
    Any_message.Batch_operation
      (Batch_operation.make_exn ~operation_id:U64.max_value
         ~items:[| String.make 20 '\xab' |]
         ~total_count:4_000_000_000);
  ]

let () =
  match Sys.argv with
  | [| _; from_rust; again; from_ocaml |] ->
      let received = messages (read_file from_rust) in
      List.iter (Format.printf "%a@." Any_message.pp) received;
      write_file again (String.concat "" (List.map frame received));
      (* What breaks a rule of the contract cannot be made. *)
      (match
         Text_message.make ~sender:(String.make 33 'x') ~content:"too long"
           ~timestamp:U64.zero
       with
      | Ok _ -> fail "a message with too long a sender was made"
      | Error error -> Printf.printf "refused: %s\n" (Error.to_string error));
      write_file from_ocaml (String.concat "" (List.map frame own))
  | _ -> prerr_endline "usage: demo FROM_RUST AGAIN FROM_OCAML"
