external get8 : bytes -> int -> int = "%bytes_unsafe_get"
external get16 : bytes -> int -> int = "%caml_bytes_get16u"
external get32 : bytes -> int -> int32 = "%caml_bytes_get32u"
external get64 : bytes -> int -> int64 = "%caml_bytes_get64u"

(* Bits 7 of eight bytes; byte order does not matter. *)
let high_bits = 0x8080_8080_8080_8080L

let[@inline] word_is_ascii b i = Int64.logand (get64 b i) high_bits = 0L
let[@inline] ( ||| ) a b = Int64.logor a b

let[@inline] four_words b i =
  get64 b i ||| get64 b (i + 8) ||| (get64 b (i + 16) ||| get64 b (i + 24))

(* The words from [i] on, and the one at [last], which may overlap them. *)
let words_are_ascii b i last =
  let i = ref i in
  while !i <= last - 24 && Int64.logand (four_words b !i) high_bits = 0L do
    i := !i + 32
  done;
  while !i < last && word_is_ascii b !i do
    i := !i + 8
  done;
  !i >= last && word_is_ascii b last

(* Less than eight bytes. *)
let short_is_ascii b pos len =
  if len >= 4 then
    let first = Int32.to_int (get32 b pos)
    and last = Int32.to_int (get32 b (pos + len - 4)) in
    (first lor last) land 0x8080_8080 = 0
  else if len >= 2 then
    (get16 b pos lor get16 b (pos + len - 2)) land 0x8080 = 0
  else len = 0 || get8 b pos < 0x80

let unsafe_is_ascii b ~pos ~len =
  if len < 8 then short_is_ascii b pos len
  else words_are_ascii b pos (pos + len - 8)

let[@inline] is_tail byte = byte land 0xC0 = 0x80

(* The length of the sequence of [lead], [byte2], ..., 0 if there is none. *)
let sequence b i left lead =
  if lead < 0xC2 || left < 2 then 0
  else
    let second = get8 b (i + 1) in
    if lead < 0xE0 then if is_tail second then 2 else 0
    else if left < 3 || not (is_tail (get8 b (i + 2))) then 0
    else if lead < 0xF0 then
      let lowest = if lead = 0xE0 then 0xA0 else 0x80
      and highest = if lead = 0xED then 0x9F else 0xBF in
      if second >= lowest && second <= highest then 3 else 0
    else if lead > 0xF4 || left < 4 || not (is_tail (get8 b (i + 3))) then 0
    else
      let lowest = if lead = 0xF0 then 0x90 else 0x80
      and highest = if lead = 0xF4 then 0x8F else 0xBF in
      if second >= lowest && second <= highest then 4 else 0

let is_valid_slowly b pos len =
  let stop = pos + len in
  let i = ref pos in
  let ok = ref true in
  while !ok && !i < stop do
    if stop - !i >= 8 && word_is_ascii b !i then i := !i + 8
    else
      let lead = get8 b !i in
      if lead < 0x80 then incr i
      else
        let n = sequence b !i (stop - !i) lead in
        if n = 0 then ok := false else i := !i + n
  done;
  !ok

let unsafe_is_valid b ~pos ~len =
  unsafe_is_ascii b ~pos ~len || is_valid_slowly b pos len

let unsafe_is_valid_after b ~pos ~len =
  let last = pos + len - 8 in
  (if last <= pos then word_is_ascii b last else words_are_ascii b pos last)
  || is_valid_slowly b pos len

let range f s = f (Bytes.unsafe_of_string s) ~pos:0 ~len:(String.length s)
let is_valid s = range unsafe_is_valid s
let is_ascii s = range unsafe_is_ascii s
