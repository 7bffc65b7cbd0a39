external get8 : bytes -> int -> int = "%bytes_unsafe_get"
external get16 : bytes -> int -> int = "%caml_bytes_get16u"
external get32 : bytes -> int -> int32 = "%caml_bytes_get32u"
external get64 : bytes -> int -> int64 = "%caml_bytes_get64u"

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
  else Words.is_ascii b ~first:pos ~last:(pos + len - 8)

(* Byte order does not matter. *)
let[@inline] word_is_ascii b i =
  Int64.logand (get64 b i) 0x8080_8080_8080_8080L = 0L

let[@inline] is_tail b i = get8 b i land 0xC0 = 0x80

let[@inline] is_tail_within b i low high =
  let byte = get8 b i in
  byte >= low && byte <= high

let rec is_valid_from b i stop =
  if i >= stop then true
  else
    let lead = get8 b i in
    if lead < 0x80 then
      if stop - i >= 8 && word_is_ascii b i then is_valid_from b (i + 8) stop
      else is_valid_from b (i + 1) stop
    else if lead < 0xE0 then
      lead >= 0xC2
      && stop - i >= 2
      && is_tail b (i + 1)
      && is_valid_from b (i + 2) stop
    else if lead < 0xF0 then
      stop - i >= 3
      && is_tail b (i + 2)
      && is_tail_within b (i + 1)
           (if lead = 0xE0 then 0xA0 else 0x80)
           (if lead = 0xED then 0x9F else 0xBF)
      && is_valid_from b (i + 3) stop
    else
      lead <= 0xF4
      && stop - i >= 4
      && is_tail b (i + 3)
      && is_tail b (i + 2)
      && is_tail_within b (i + 1)
           (if lead = 0xF0 then 0x90 else 0x80)
           (if lead = 0xF4 then 0x8F else 0xBF)
      && is_valid_from b (i + 4) stop

let unsafe_is_valid b ~pos ~len =
  unsafe_is_ascii b ~pos ~len || is_valid_from b pos (pos + len)

let range f s = f (Bytes.unsafe_of_string s) ~pos:0 ~len:(String.length s)
let is_valid s = range unsafe_is_valid s
let is_ascii s = range unsafe_is_ascii s
