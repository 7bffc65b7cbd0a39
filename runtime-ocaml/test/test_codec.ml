module Codec = Mycelium.Codec
module Decoder = Mycelium.Codec.Decoder

let payload n = String.init n (fun i -> Char.chr (i land 0xFF))
let stream frames =
  String.concat ""
    (List.map (fun (type_id, n) -> Codec.frame ~type_id (payload n)) frames)

let content { Codec.type_id; buffer; pos; len } =
  (type_id, Bytes.sub_string buffer pos len)

let rec drain d found =
  match Decoder.next d with
  | Ok frame -> drain d (content frame :: found)
  | Error e -> (List.rev found, e)

let push d s =
  Decoder.push d (Bytes.of_string s) ~pos:0 ~len:(String.length s)

let frames = [ (1, 0); (0xFFFF, 5); (7, 0); (300, 9) ]
let expected = List.map (fun (type_id, n) -> (type_id, payload n)) frames

(* Sockets cut a stream anywhere. *)
let every_split () =
  let s = stream frames in
  let n = String.length s in
  for first = 0 to n do
    for second = first to n do
      let d = Decoder.create ~limit:64 () in
      let parts =
        [
          String.sub s 0 first;
          String.sub s first (second - first);
          String.sub s second (n - second);
        ]
      in
      let found =
        List.concat_map
          (fun part ->
            push d part;
            match drain d [] with
            | found, Codec.Incomplete needed when needed > 0 -> found
            | _ -> Alcotest.failf "cut at %d and %d" first second)
          parts
      in
      if found <> expected || Decoder.pending d <> 0 then
        Alcotest.failf "cut at %d and %d" first second
    done
  done

(* A reader waits for that many bytes: one too many would hang it. *)
let needed () =
  let s = stream [ (9, 20) ] in
  let n = String.length s in
  for len = 0 to n - 1 do
    let expected = if len < 6 then 6 - len else n - len in
    match Codec.decode (Bytes.of_string s) ~pos:0 ~len with
    | Error (Codec.Incomplete needed) ->
        Alcotest.(check int) "needed" expected needed
    | _ -> Alcotest.failf "%d bytes are a frame" len
  done

let malformed () =
  let good = stream [ (1, 3); (2, 0) ] in
  let at = String.length good in
  let too_long length = Codec.Too_long { length; limit = 64 } in
  let check header code field offset =
    let d = Decoder.create ~limit:64 () in
    push d (good ^ header);
    for _ = 1 to 2 do
      let _, e = drain d [] in
      let expected = Codec.Malformed { code; field; offset = at + offset } in
      Alcotest.(check string) "error" (Codec.error_to_string expected)
        (Codec.error_to_string e);
      Alcotest.(check bool) "the same" true (e = expected);
      push d "more"
    done
  in
  check "\000\000\001\000\000\000" Codec.Zero_type_id "type_id" 0;
  check "\005\000\065\000\000\000" (too_long 65) "length" 2;
  check "\005\000\255\255\255\255" (too_long 0xFFFF_FFFF) "length" 2;
  (* A limit can only be lowered. *)
  match
    Codec.decode ~limit:max_int (Bytes.of_string "\001\000\001\000\064\000")
      ~pos:0 ~len:6
  with
  | Error (Codec.Malformed { code = Too_long { length; limit }; _ }) ->
      Alcotest.(check (pair int int)) "limit" (4_194_305, 4_194_304)
        (length, limit)
  | _ -> Alcotest.fail "over 4 MiB"

(* The buffer is moved, grown and used again: what comes out stays right. *)
let long_streams =
  let open QCheck2.Gen in
  let frame = pair (int_range 1 0xFFFF) (int_bound 3000) in
  let cuts = list_size (int_bound 60) (int_range 1 5000) in
  pair (list_size (int_bound 40) frame) cuts

let print_stream (frames, cuts) =
  Printf.sprintf "%d frames, cuts %s" (List.length frames)
    (String.concat " " (List.map string_of_int cuts))

let pieces s cuts =
  let rec go pos = function
    | cut :: cuts when pos + cut < String.length s ->
        String.sub s pos cut :: go (pos + cut) cuts
    | _ -> [ String.sub s pos (String.length s - pos) ]
  in
  go 0 cuts

let comes_out fill (frames, cuts) =
  let s = stream frames in
  let d = Decoder.create () in
  let found =
    List.concat_map
      (fun piece ->
        fill d piece;
        fst (drain d []))
      (pieces s cuts)
  in
  found = List.map (fun (type_id, n) -> (type_id, payload n)) frames
  && Decoder.pending d = 0

let fill d piece =
  let read b pos max =
    Alcotest.(check bool) "room" true (Bytes.length b - pos >= max);
    Bytes.blit_string piece 0 b pos (String.length piece);
    String.length piece
  in
  let max = String.length piece + 1 in
  Alcotest.(check int) "filled" (String.length piece) (Decoder.fill d ~max read)

let fill_refuses () =
  let d = Decoder.create () in
  Check.refused "max" (fun () -> Decoder.fill d ~max:0 (fun _ _ _ -> 0));
  Check.refused "too many" (fun () -> Decoder.fill d ~max:4 (fun _ _ _ -> 5));
  Check.refused "negative" (fun () -> Decoder.fill d ~max:4 (fun _ _ _ -> -1));
  Alcotest.(check int) "end of file" 0 (Decoder.fill d ~max:4 (fun _ _ _ -> 0));
  Alcotest.(check int) "nothing was taken" 0 (Decoder.pending d)

let ranges () =
  let b = Bytes.create 10 in
  let d = Decoder.create () in
  List.iter
    (fun (pos, len) ->
      Check.refused "push" (fun () -> Decoder.push d b ~pos ~len);
      Check.refused "decode" (fun () -> Codec.decode b ~pos ~len))
    [ (-1, 2); (0, 11); (10, 1); (5, -1); (max_int, 1); (1, max_int) ];
  let header type_id length () =
    Codec.set_header b ~pos:4 ~type_id ~length
  in
  header 0xFFFF 4_194_304 ();
  Check.refused "type id 0" (header 0 1);
  Check.refused "type id 65536" (header 0x10000 1);
  Check.refused "length" (header 1 4_194_305);
  Check.refused "negative" (header 1 (-1));
  Check.refused "room" (fun () ->
      Codec.set_header b ~pos:5 ~type_id:1 ~length:1)

let messages () =
  let module M = Reference_messages.Counter_update in
  let m = M.make_exn ~counter_id:(Check.u64 "7") ~value:(-1) ~delta:2 in
  let s = Codec.encode (module M) m in
  Alcotest.(check string) "frame"
    "ea0310000000070000000000000" (String.sub (Check.hex s) 0 27);
  let b = Bytes.make 30 '\xFF' in
  Alcotest.(check int) "end" 25 (Codec.encode_into (module M) m b ~pos:3);
  Alcotest.(check string) "the same" (Check.hex s)
    (Check.hex (Bytes.sub_string b 3 22));
  Check.refused "no room" (fun () -> Codec.encode_into (module M) m b ~pos:9);
  match Codec.decode b ~pos:3 ~len:27 with
  | Ok { Codec.type_id; buffer; pos; len } ->
      Alcotest.(check int) "type id" M.type_id type_id;
      Alcotest.(check bool) "message" true
        (M.equal m (Check.ok (M.decode buffer ~pos ~len)))
  | Error e -> Alcotest.fail (Codec.error_to_string e)

let tests =
  [
    Check.case "every split" every_split;
    Check.case "bytes needed" needed;
    Check.case "malformed headers" malformed;
    Check.property "long streams, pushed" ~count:200 long_streams
      ~print:print_stream (comes_out push);
    Check.property "long streams, read" ~count:200 long_streams
      ~print:print_stream (comes_out fill);
    Check.case "what fill refuses" fill_refuses;
    Check.case "ranges" ranges;
    Check.case "messages" messages;
  ]
