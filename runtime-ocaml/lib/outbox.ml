module Codec = Mycelium_wire.Codec
module Message = Mycelium_wire.Message

(* Whole frames lie in [0, stop); those before [first] were written. *)
type chunk = { bytes : bytes; mutable first : int; mutable stop : int }

type t = {
  limit : int;
  waiting : chunk Queue.t;
  mutable tail : chunk;  (* The last of [waiting], if that is not empty. *)
  mutable current : chunk;  (* [none] if there is none. *)
  mutable current_is_core : bool;
  mutable rest : chunk;  (* Data that goes first, after a rewind. *)
  core : Buffer.t;
  mutable data : int;
  mutable added : int;  (* Bytes of data, ever. *)
  mutable quota : int;  (* Bytes of data that may be written; see [seal]. *)
  mutable last : string;  (* What goes behind them. *)
  mutable finished : bool;  (* [last] was taken: nothing may follow it. *)
  mutable spare : chunk list;
  mutable spares : int;
}

let chunk_size = 65_536
let none = { bytes = Bytes.empty; first = 0; stop = 0 }

let create ?(limit = 1_048_576) () =
  {
    limit;
    waiting = Queue.create ();
    tail = none;
    current = none;
    current_is_core = false;
    rest = none;
    core = Buffer.create 256;
    data = 0;
    added = 0;
    quota = max_int;
    last = "";
    finished = false;
    spare = [];
    spares = 0;
  }

let has_room t n = t.data = 0 || t.data + n <= t.limit
let data t = t.data

let core t =
  Buffer.length t.core
  + if t.current_is_core then t.current.stop - t.current.first else 0

let is_empty t = t.data = 0 && core t = 0 && t.last = ""
let passed t = t.added - t.data
let added t = t.added

let writable t =
  core t + String.length t.last + if t.quota < t.data then t.quota else t.data

let new_chunk t size =
  if size > chunk_size then
    { bytes = Bytes.create size; first = 0; stop = 0 }
  else
    match t.spare with
    | chunk :: rest ->
        t.spare <- rest;
        t.spares <- t.spares - 1;
        chunk.first <- 0;
        chunk.stop <- 0;
        chunk
    | [] -> { bytes = Bytes.create chunk_size; first = 0; stop = 0 }

let recycle t chunk =
  if Bytes.length chunk.bytes = chunk_size && t.spares < 4 then begin
    t.spare <- chunk :: t.spare;
    t.spares <- t.spares + 1
  end

let add (type a) t (module M : Message.S with type t = a) (m : a) =
  let size = Codec.header_size + M.size in
  let tail = t.tail in
  if Bytes.length tail.bytes - tail.stop >= size then begin
    tail.stop <- Codec.encode_into (module M) m tail.bytes ~pos:tail.stop
  end
  else begin
    let chunk = new_chunk t size in
    chunk.stop <- Codec.encode_into (module M) m chunk.bytes ~pos:0;
    Queue.push chunk t.waiting;
    t.tail <- chunk
  end;
  t.data <- t.data + size;
  t.added <- t.added + size

let add_core t bytes = if not t.finished then Buffer.add_string t.core bytes

let take_core t bytes =
  t.current <- { bytes; first = 0; stop = Bytes.length bytes };
  t.current_is_core <- true;
  true

let take t =
  t.current != none
  ||
  if Buffer.length t.core > 0 then begin
    let bytes = Buffer.to_bytes t.core in
    Buffer.reset t.core;
    take_core t bytes
  end
  else if t.quota = 0 then begin
    let last = t.last in
    t.last <- "";
    t.finished <- true;
    last <> "" && take_core t (Bytes.of_string last)
  end
  else if t.rest != none then begin
    t.current <- t.rest;
    t.rest <- none;
    true
  end
  else
    match Queue.take_opt t.waiting with
    | None -> false
    | Some chunk ->
        if Queue.is_empty t.waiting then t.tail <- none;
        t.current <- chunk;
        true

let bytes t = t.current.bytes
let pos t = t.current.first

let len t =
  let left = t.current.stop - t.current.first in
  if t.current_is_core || left <= t.quota then left else t.quota

let finish_current t =
  if not t.current_is_core then recycle t t.current;
  t.current <- none;
  t.current_is_core <- false

(* What is left of a chunk of data whose rest may not be written. *)
let put_current_back t =
  t.rest <- t.current;
  t.current <- none

let wrote t n =
  if n < 0 || n > len t then invalid_arg "Outbox.wrote";
  let chunk = t.current in
  chunk.first <- chunk.first + n;
  if not t.current_is_core then begin
    t.data <- t.data - n;
    if t.quota < max_int then t.quota <- t.quota - n
  end;
  if chunk != none then
    if chunk.first = chunk.stop then finish_current t
    else if t.quota = 0 && not t.current_is_core then put_current_back t

let frame_end chunk p =
  let length = Int32.to_int (Bytes.get_int32_le chunk.bytes (p + 2)) in
  p + Codec.header_size + length

(* Where the frame ends of which a part was written; [first] if there is none. *)
let boundary chunk =
  let rec go p = if p >= chunk.first then p else go (frame_end chunk p) in
  go 0

type share = Everything | Begun | Nothing

let seal t share ~last =
  (match share with
  | Everything -> if t.quota > t.data then t.quota <- t.data
  | Begun ->
      t.quota <-
        (if t.current_is_core then 0 else boundary t.current - t.current.first);
      if t.quota = 0 && t.current != none && not t.current_is_core then
        put_current_back t
  | Nothing ->
      t.quota <- 0;
      t.finished <- true;
      Buffer.reset t.core;
      if t.current_is_core then finish_current t
      else if t.current != none then put_current_back t);
  if share = Nothing then t.last <- ""
  else if not t.finished then t.last <- last;
  (* What is added from here on has chunks of its own. *)
  t.tail <- none

let rewind t =
  Buffer.reset t.core;
  t.quota <- max_int;
  t.last <- "";
  t.finished <- false;
  if t.current_is_core then finish_current t;
  let chunk = if t.current == none then t.rest else t.current in
  if chunk == none then 0
  else begin
    let start = boundary chunk in
    let lost = if start > chunk.first then 1 else 0 in
    t.data <- t.data - (start - chunk.first);
    chunk.first <- start;
    t.current <- none;
    t.rest <- none;
    if start < chunk.stop then t.rest <- chunk else recycle t chunk;
    lost
  end

(* Moves the frames to keep to the front of those not written. *)
let retain_in t keep chunk =
  let dropped = ref 0 and target = ref chunk.first in
  let p = ref chunk.first in
  while !p < chunk.stop do
    let next = frame_end chunk !p in
    let type_id = Bytes.get_uint16_le chunk.bytes !p in
    if keep ~type_id ~size:(next - !p - Codec.header_size) then begin
      Bytes.blit chunk.bytes !p chunk.bytes !target (next - !p);
      target := !target + (next - !p)
    end
    else begin
      incr dropped;
      t.data <- t.data - (next - !p)
    end;
    p := next
  done;
  chunk.stop <- !target;
  !dropped

let retain t keep =
  if t.current != none && not t.current_is_core then
    invalid_arg "Outbox.retain: not after rewind";
  let dropped = if t.rest == none then 0 else retain_in t keep t.rest in
  if t.rest != none && t.rest.first = t.rest.stop then t.rest <- none;
  let dropped =
    Queue.fold (fun n chunk -> n + retain_in t keep chunk) dropped t.waiting
  in
  let full = Queue.create () in
  Queue.iter (fun c -> if c.stop > c.first then Queue.push c full) t.waiting;
  Queue.clear t.waiting;
  Queue.transfer full t.waiting;
  t.tail <- Queue.fold (fun _ chunk -> chunk) none t.waiting;
  dropped

let clear t =
  let lost = rewind t in
  lost + retain t (fun ~type_id:_ ~size:_ -> false)
