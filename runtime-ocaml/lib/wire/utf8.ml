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

(* {1 Eight bytes at a time}

   The first byte is the lowest one: a shift to the left by bytes goes from a
   character's first byte to those that follow it. *)

external swap64 : int64 -> int64 = "%bswap_int64"

let[@inline] le64 b i = if Sys.big_endian then swap64 (get64 b i) else get64 b i
let[@inline] ( &&& ) a b = Int64.logand a b
let[@inline] ( ||| ) a b = Int64.logor a b
let[@inline] ( ^^^ ) a b = Int64.logxor a b
let[@inline] ( <<< ) a n = Int64.shift_left a n
let[@inline] ( >>> ) a n = Int64.shift_right_logical a n

let high_bits = 0x8080_8080_8080_8080L

(* The highest bit of each byte that begins a character beyond ASCII. *)
let[@inline] heads w = w &&& (w <<< 1) &&& high_bits

(* Zero iff [w] has only ASCII, bytes C2 to DF, and one byte 80 to BF after each
   of them; [due] is what the word before expects at the beginning. *)
let[@inline] not_pairs w heads due =
  let tails = (w &&& high_bits) ^^^ heads in
  let expected = (heads <<< 8) ||| due in
  let longer = heads &&& (w <<< 2) in
  (* A byte is 80 or more iff bits 1 to 4 of [w]'s are not all zero. *)
  let shortest =
    Int64.add (w &&& 0x1E1E_1E1E_1E1E_1E1EL) 0x7E7E_7E7E_7E7E_7E7EL
  in
  (tails ^^^ expected) ||| longer ||| (heads ^^^ (heads &&& shortest))

(* The beginning of the first character, from the one at [i] on, from which on
   there are fewer than eight bytes or it takes a closer look. *)
let[@inline] skip_pairs b i stop =
  let first = i and i = ref i and due = ref 0L and last = ref (stop - 8) in
  while !i <= !last do
    let w = le64 b !i in
    let heads = heads w in
    if not_pairs w heads !due = 0L then begin
      due := heads >>> 56;
      i := !i + 8
    end
    else last := -1
  done;
  (* What is left, without the bytes before it. *)
  if !last >= 0 && !i > first && !i < stop
     &&
     let w = (le64 b !last) >>> (64 - (8 * (stop - !i))) in
     not_pairs w (heads w) !due = 0L
  then stop
  else if !due = 0L then !i
  else !i - 1

(* Bit 5 of the second byte and the last four of the first tell whether a
   character of three bytes is too long a form (E0 80 to E0 9F) or a surrogate
   (ED A0 to ED BF). *)
let[@inline] is_three w =
  let bits = w land 0x200F in
  bits <> 0 && bits <> 0x200D

(* Two characters of three bytes. *)
let[@inline] is_two_threes w =
  w land 0xC0C0_F0C0_C0F0 = 0x8080_E080_80E0
  && is_three w
  && is_three (w lsr 24)

let rec is_valid_from b i stop =
  let i = skip_pairs b i stop in
  i = stop || is_valid_at b i stop

(* Character by character, up to the next of two bytes. *)
and is_valid_at b i stop =
  if i >= stop then true
  else
    let lead = get8 b i in
    if lead < 0x80 then
      if stop - i >= 8 && word_is_ascii b i then is_valid_at b (i + 8) stop
      else is_valid_at b (i + 1) stop
    else if lead < 0xE0 then
      lead >= 0xC2
      && stop - i >= 2
      && is_tail b (i + 1)
      && is_valid_from b (i + 2) stop
    else if lead < 0xF0 then
      if stop - i >= 8 && is_two_threes (Int64.to_int (le64 b i)) then
        is_valid_at b (i + 6) stop
      else
        stop - i >= 3
        && is_tail b (i + 2)
        && is_tail_within b (i + 1)
             (if lead = 0xE0 then 0xA0 else 0x80)
             (if lead = 0xED then 0x9F else 0xBF)
        && is_valid_at b (i + 3) stop
    else
      lead <= 0xF4
      && stop - i >= 4
      && is_tail b (i + 3)
      && is_tail b (i + 2)
      && is_tail_within b (i + 1)
           (if lead = 0xF0 then 0x90 else 0x80)
           (if lead = 0xF4 then 0x8F else 0xBF)
      && is_valid_at b (i + 4) stop

let unsafe_is_valid_beyond_ascii b ~pos ~len = is_valid_from b pos (pos + len)

let unsafe_is_valid b ~pos ~len =
  unsafe_is_ascii b ~pos ~len || unsafe_is_valid_beyond_ascii b ~pos ~len

let range f s = f (Bytes.unsafe_of_string s) ~pos:0 ~len:(String.length s)
let is_valid s = range unsafe_is_valid s
let is_ascii s = range unsafe_is_ascii s

let is_hidden = function
  | 0x7F | 0xAD | 0x061C | 0x180E | 0xFEFF -> true
  | point ->
      point < 0x20
      || (point >= 0x80 && point < 0xA0)
      || (point >= 0x200B && point <= 0x200F)
      || (point >= 0x2028 && point <= 0x202E)
      || (point >= 0x2060 && point <= 0x206F)
      || (point >= 0xFFF9 && point <= 0xFFFB)
      || (point >= 0xE0000 && point <= 0xE007F)

let quote s =
  let out = Buffer.create (String.length s + 2) in
  let tail i = Char.code s.[i] land 0x3F in
  let rec add i =
    if i < String.length s then begin
      let lead = Char.code s.[i] in
      let length, point =
        if lead < 0x80 then (1, lead)
        else if lead < 0xE0 then (2, ((lead land 0x1F) lsl 6) lor tail (i + 1))
        else
          let two = (tail (i + 1) lsl 6) lor tail (i + 2) in
          if lead < 0xF0 then (3, ((lead land 0x0F) lsl 12) lor two)
          else (4, ((lead land 0x07) lsl 18) lor (two lsl 6) lor tail (i + 3))
      in
      (match s.[i] with
      | '"' -> Buffer.add_string out "\\\""
      | '\\' -> Buffer.add_string out "\\\\"
      | '\000' -> Buffer.add_string out "\\0"
      | '\t' -> Buffer.add_string out "\\t"
      | '\n' -> Buffer.add_string out "\\n"
      | '\r' -> Buffer.add_string out "\\r"
      | _ when is_hidden point -> Printf.bprintf out "\\u{%x}" point
      | _ -> Buffer.add_substring out s i length);
      add (i + length)
    end
  in
  Buffer.add_char out '"';
  add 0;
  Buffer.add_char out '"';
  Buffer.contents out

let quoted s = if is_valid s then quote s else Printf.sprintf "%S" s
