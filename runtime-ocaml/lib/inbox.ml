module Codec = Mycelium_wire.Codec

type t = {
  size : int;
  limit : int;
  mutable buffer : bytes;
  mutable first : int;  (* Bytes before it were taken. *)
  mutable stop : int;  (* Bytes from it on are free. *)
  mutable type_id : int;
  mutable pos : int;
  mutable len : int;
}

type found = Frame | Incomplete | Zero_type_id | Too_long

let create ?(size = 65_536) ~limit () =
  let size = max 4096 size in
  let limit = max 0 (min limit Codec.max_payload) in
  let buffer = Bytes.create size in
  { size; limit; buffer; first = 0; stop = 0; type_id = 0; pos = 0; len = 0 }

let buffer t = t.buffer
let fill_pos t = t.stop
let room t = Bytes.length t.buffer - t.stop
let pending t = t.stop - t.first
let type_id t = t.type_id
let pos t = t.pos
let len t = t.len

let move t target =
  let used = pending t in
  Bytes.blit t.buffer t.first target 0 used;
  t.buffer <- target;
  t.first <- 0;
  t.stop <- used

let prepare t =
  let used = pending t and held = Bytes.length t.buffer in
  if used = 0 then begin
    if held > t.size then t.buffer <- Bytes.create t.size;
    t.first <- 0;
    t.stop <- 0
  end
  else if used >= held then move t (Bytes.create (2 * held))
  else if held > t.size && used < t.size / 2 then move t (Bytes.create t.size)
  else if room t < held / 2 && t.first > 0 then move t t.buffer
  else if room t = 0 then move t (Bytes.create (2 * held))

let filled t n =
  if n < 0 || n > room t then invalid_arg "Inbox.filled";
  t.stop <- t.stop + n

let next t =
  let used = pending t in
  if used < Codec.header_size then Incomplete
  else
    let b = t.buffer and p = t.first in
    let type_id = Bytes.get_uint16_le b p in
    let len =
      Bytes.get_uint16_le b (p + 2) lor (Bytes.get_uint16_le b (p + 4) lsl 16)
    in
    if type_id = 0 then Zero_type_id
    else if len > t.limit then begin
      t.type_id <- type_id;
      t.len <- len;
      Too_long
    end
    else if used - Codec.header_size < len then Incomplete
    else begin
      t.type_id <- type_id;
      t.pos <- p + Codec.header_size;
      t.len <- len;
      t.first <- t.pos + len;
      Frame
    end

let put_back t = t.first <- t.pos - Codec.header_size

let discard t =
  t.first <- 0;
  t.stop <- 0
