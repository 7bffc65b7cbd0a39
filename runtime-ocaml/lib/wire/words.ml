external get64 : bytes -> int -> int64 = "%caml_bytes_get64u"
external string_get64 : string -> int -> int64 = "%caml_string_get64u"

let[@inline] ( ||| ) a b = Int64.logor a b
let high_bits = 0x8080_8080_8080_8080L

let[@inline] four b i =
  get64 b i
  ||| get64 b (i + 8)
  ||| (get64 b (i + 16) ||| get64 b (i + 24))

(* The words from [first] on ORed together, and the one at [last]. Inlined,
   because the result is then not boxed. *)
let[@inline] gather b ~first ~last =
  let i = ref first and seen = ref (get64 b last) in
  while !i + 56 <= last do
    seen := !seen ||| four b !i ||| four b (!i + 32);
    i := !i + 64
  done;
  if !i + 24 <= last then begin
    seen := !seen ||| four b !i;
    i := !i + 32
  end;
  while !i < last do
    seen := !seen ||| get64 b !i;
    i := !i + 8
  done;
  !seen

let is_zero b ~first ~last = gather b ~first ~last = 0L

let is_ascii b ~first ~last =
  Int64.logand (gather b ~first ~last) high_bits = 0L

(* From [32 - n] on: the bits that none of [n] bytes of ASCII has, then those
   that no zero has, 32 bytes in all. *)
let masks = String.make 32 '\x80' ^ String.make 32 '\xff'

(* The bits of the word at [i + offset] that are not those of [n] bytes of
   ASCII, from [i] on, and of zeros. *)
let[@inline] wrong masks n b i offset =
  Int64.logand (get64 b (i + offset)) (string_get64 masks (32 - n + offset))

let[@inline] four_wrong n b i =
  let masks = masks in
  wrong masks n b i 0
  ||| wrong masks n b i 8
  ||| (wrong masks n b i 16 ||| wrong masks n b i 24)

let[@inline] is_short_plain b ~first ~text ~size =
  let masks = masks and last = size - 8 in
  let seen = ref (wrong masks text b first last) in
  if last > 0 then begin
    seen := !seen ||| wrong masks text b first 0;
    if last > 8 then begin
      seen := !seen ||| wrong masks text b first 8;
      if last > 16 then seen := !seen ||| wrong masks text b first 16
    end
  end;
  !seen = 0L

(* By blocks of 32 bytes: those before the one in which the text ends, that one,
   those after it. *)
let[@inline] is_long_plain b ~first ~text ~size =
  let stop = first + text and over = first + size in
  let last = over - 32 and whole = stop - (text land 31) in
  let middle = if whole < last then whole else last in
  let i = ref first and seen = ref 0L in
  while !i < middle do
    seen := !seen ||| four b !i;
    i := !i + 32
  done;
  Int64.logand !seen high_bits ||| four_wrong (stop - middle) b middle = 0L
  &&
  let i = ref (middle + 32) and seen = ref 0L in
  while !i <= last do
    seen := !seen ||| four b !i;
    i := !i + 32
  done;
  if !i < over then begin
    let n = if stop > last then stop - last else 0 in
    seen := !seen ||| four_wrong n b last
  end;
  !seen = 0L

let[@inline] is_plain b ~first ~text ~size =
  if size <= 32 then is_short_plain b ~first ~text ~size
  else is_long_plain b ~first ~text ~size
