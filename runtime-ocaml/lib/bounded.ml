type policy = Block | Drop_oldest | Drop_newest | Disconnect
type 'a cell = Nil | Cell of { value : 'a; size : int; mutable next : 'a cell }

type 'a t = {
  frames : int;
  max_bytes : int;
  policy : policy;
  mutable first : 'a cell;
  mutable last : 'a cell;
  mutable length : int;
  mutable bytes : int;
  mutable dropped : int;
}

let create ~frames ~bytes policy =
  if frames < 1 || bytes < 1 then
    invalid_arg "Bounded.create: bounds are positive";
  {
    frames;
    max_bytes = bytes;
    policy;
    first = Nil;
    last = Nil;
    length = 0;
    bytes = 0;
    dropped = 0;
  }

let is_empty t = t.length = 0
let length t = t.length
let bytes t = t.bytes
let dropped t = t.dropped
let policy t = t.policy
let limit t = t.frames

let has_room t ~size =
  t.length < t.frames && (t.length = 0 || t.bytes + size <= t.max_bytes)

let push t ~size value =
  let cell = Cell { value; size; next = Nil } in
  (match t.last with
  | Nil -> t.first <- cell
  | Cell last -> last.next <- cell);
  t.last <- cell;
  t.length <- t.length + 1;
  t.bytes <- t.bytes + size

let take t =
  match t.first with
  | Nil -> invalid_arg "Bounded.take: empty"
  | Cell { value; size; next } ->
      t.first <- next;
      if t.length = 1 then t.last <- Nil;
      t.length <- t.length - 1;
      t.bytes <- t.bytes - size;
      value

let count_dropped t = t.dropped <- t.dropped + 1

let rec make_room t ~size =
  if t.length > 0 && not (has_room t ~size) then begin
    let (_ : 'a) = take t in
    count_dropped t;
    make_room t ~size
  end
