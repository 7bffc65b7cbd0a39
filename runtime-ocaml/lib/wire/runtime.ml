(* 32-bit numbers are plain [int]s. *)
let () =
  if Sys.int_size < 63 then failwith "mycelium.wire: int has to have 63 bits"

(* Native byte order, ranges unchecked. *)
external get_u8 : bytes -> int -> int = "%bytes_unsafe_get"
external set_u8 : bytes -> int -> int -> unit = "%bytes_unsafe_set"
external native_get16 : bytes -> int -> int = "%caml_bytes_get16u"
external native_get32 : bytes -> int -> int32 = "%caml_bytes_get32u"
external native_get64 : bytes -> int -> int64 = "%caml_bytes_get64u"
external native_set16 : bytes -> int -> int -> unit = "%caml_bytes_set16u"
external native_set32 : bytes -> int -> int32 -> unit = "%caml_bytes_set32u"
external native_set64 : bytes -> int -> int64 -> unit = "%caml_bytes_set64u"

(* The same with a check of the range. *)
external native_peek16 : bytes -> int -> int = "%caml_bytes_get16"
external native_peek32 : bytes -> int -> int32 = "%caml_bytes_get32"
external native_peek64 : bytes -> int -> int64 = "%caml_bytes_get64"
external swap16 : int -> int = "%bswap16"
external swap32 : int32 -> int32 = "%bswap_int32"
external swap64 : int64 -> int64 = "%bswap_int64"

(* [Sys.big_endian] is a constant of the compiler: no test is left. *)
let[@inline] le16 v = if Sys.big_endian then swap16 v else v
let[@inline] le32 v = if Sys.big_endian then swap32 v else v
let[@inline] le64 v = if Sys.big_endian then swap64 v else v

(* Sign extension from 8 and 16 bits. *)
let[@inline] sign8 v = (v lsl (Sys.int_size - 8)) asr (Sys.int_size - 8)
let[@inline] sign16 v = (v lsl (Sys.int_size - 16)) asr (Sys.int_size - 16)
let[@inline] unsign32 v = Int32.to_int v land 0xFFFF_FFFF
let[@inline] get_u16 b p = le16 (native_get16 b p)
let[@inline] get_int32 b p = le32 (native_get32 b p)
let[@inline] get_i64 b p = le64 (native_get64 b p)
let[@inline] get_u32 b p = unsign32 (get_int32 b p)
let[@inline] get_u64 b p = U64.of_int64 (get_i64 b p)
let[@inline] get_i8 b p = sign8 (get_u8 b p)
let[@inline] get_i16 b p = sign16 (get_u16 b p)
let[@inline] get_i32 b p = Int32.to_int (get_int32 b p)
let[@inline] get_f32 b p = Int32.float_of_bits (get_int32 b p)
let[@inline] get_f64 b p = Int64.float_of_bits (get_i64 b p)
let[@inline] get_bool b p = get_u8 b p <> 0

(* At most 32 bytes, by loads and stores that overlap: no loop and no call. *)
let[@inline] copy_short src i dst j n =
  if n >= 16 then begin
    native_set64 dst j (native_get64 src i);
    native_set64 dst (j + 8) (native_get64 src (i + 8));
    native_set64 dst (j + n - 16) (native_get64 src (i + n - 16));
    native_set64 dst (j + n - 8) (native_get64 src (i + n - 8))
  end
  else if n >= 8 then begin
    native_set64 dst j (native_get64 src i);
    native_set64 dst (j + n - 8) (native_get64 src (i + n - 8))
  end
  else if n >= 4 then begin
    native_set32 dst j (native_get32 src i);
    native_set32 dst (j + n - 4) (native_get32 src (i + n - 4))
  end
  else if n >= 2 then begin
    native_set16 dst j (native_get16 src i);
    native_set16 dst (j + n - 2) (native_get16 src (i + n - 2))
  end
  else if n = 1 then set_u8 dst j (get_u8 src i)

let[@inline] copy src i dst j n =
  if n <= 32 then copy_short src i dst j n else Bytes.unsafe_blit src i dst j n

let[@inline] octets b p len =
  let s = Bytes.create len in
  copy b p s 0 len;
  Bytes.unsafe_to_string s

let get_octets b p ~len = octets b p len

let get_text b p = get_octets b (p + 8) ~len:(get_u16 b p)

let[@inline] at pos offset =
  if pos < 0 then invalid_arg "View: the position is negative";
  pos + offset

let[@inline] peek_u8 b p = Char.code (Bytes.get b p)
let[@inline] peek_u16 b p = le16 (native_peek16 b p)
let[@inline] peek_int32 b p = le32 (native_peek32 b p)
let[@inline] peek_i64 b p = le64 (native_peek64 b p)
let[@inline] peek_u32 b p = unsign32 (peek_int32 b p)
let[@inline] peek_u64 b p = U64.of_int64 (peek_i64 b p)
let[@inline] peek_i8 b p = sign8 (peek_u8 b p)
let[@inline] peek_i16 b p = sign16 (peek_u16 b p)
let[@inline] peek_i32 b p = Int32.to_int (peek_int32 b p)
let[@inline] peek_f32 b p = Int32.float_of_bits (peek_int32 b p)
let[@inline] peek_f64 b p = Int64.float_of_bits (peek_i64 b p)
let[@inline] peek_bool b p = peek_u8 b p <> 0
let peek_octets b p ~len = Bytes.sub_string b p len

let peek_length b p ~max =
  let n = peek_u16 b p in
  if n > max then invalid_arg "View: the bytes are not the message's";
  n

let peek_text b p ~max = peek_octets b (p + 8) ~len:(peek_length b p ~max)

let slot p ~len ~stride i =
  if i < 0 || i >= len then invalid_arg "View: index out of bounds";
  p + (i * stride)

let peek_slot b p ~max ~stride i =
  slot (p + 8) ~len:(peek_length b p ~max) ~stride i

let require_present b p =
  if peek_u8 b p = 0 then invalid_arg "View: the field is absent"

let known = function
  | Some v -> v
  | None -> invalid_arg "View: the bytes are not the message's"

let check_room b ~pos ~size =
  if pos < 0 || pos > Bytes.length b - size then
    invalid_arg "encode_into: no room at this position"

(* Neither number is negative iff both lack the highest bit. *)
let[@inline] is_payload b ~pos ~len ~size =
  len = size && pos lor (Bytes.length b - size - pos) >= 0

let no_payload b ~pos ~len =
  if pos < 0 || len < 0 || pos > Bytes.length b - len then
    invalid_arg "decode: the range is not in the bytes";
  Result.Error { Error.code = Length; path = "" }

let try_check check b ~pos ~len ~size =
  if is_payload b ~pos ~len ~size then
    try
      check b pos;
      Ok ()
    with Error.Invalid e -> Error e
  else no_payload b ~pos ~len

let ok_exn = function Ok v -> v | Error e -> raise_notrace (Error.Invalid e)

let[@inline] set_u16 b p v = native_set16 b p (le16 v)
let[@inline] set_int32 b p v = native_set32 b p (le32 v)
let[@inline] set_i64 b p v = native_set64 b p (le64 v)
let[@inline] set_u32 b p v = set_int32 b p (Int32.of_int v)
let[@inline] set_u64 b p v = set_i64 b p (U64.to_int64 v)
let[@inline] set_i8 b p v = set_u8 b p v
let[@inline] set_i16 b p v = set_u16 b p v
let[@inline] set_i32 b p v = set_u32 b p v
let[@inline] set_f32 b p v = set_int32 b p (Int32.bits_of_float v)
let[@inline] set_f64 b p v = set_i64 b p (Int64.bits_of_float v)
let[@inline] set_bool b p v = set_u8 b p (Bool.to_int v)

let set_octets b p s =
  copy (Bytes.unsafe_of_string s) 0 b p (String.length s)

(* Zero bytes look the same in every byte order. Stores overlap rather than
   loop over single bytes. *)
let set_zeros_long b p n =
  if n > 64 then Bytes.unsafe_fill b p n '\000'
  else begin
    let last = p + n - 8 in
    let i = ref p in
    while !i < last do
      native_set64 b !i 0L;
      i := !i + 8
    done;
    native_set64 b last 0L
  end

(* Inlined: where the number is a constant, nothing but stores is left. *)
let[@inline] set_zeros b p n =
  if n >= 8 then set_zeros_long b p n
  else if n >= 4 then begin
    native_set32 b p 0l;
    native_set32 b (p + n - 4) 0l
  end
  else if n >= 2 then begin
    native_set16 b p 0;
    native_set16 b (p + n - 2) 0
  end
  else if n = 1 then set_u8 b p 0

let[@inline] set_length b p n = set_i64 b p (Int64.of_int n)

let set_text b p ~size s =
  let n = String.length s in
  set_length b p n;
  copy (Bytes.unsafe_of_string s) 0 b (p + 8) n;
  set_zeros b (p + 8 + n) (size - 8 - n)

let[@inline] set_presence b p ~gap =
  set_u8 b p 1;
  set_zeros b (p + 1) gap

(* At least eight bytes. *)
let[@inline] is_zero_long b p n = Words.is_zero b ~first:p ~last:(p + n - 8)

(* Inlined: where the number is a constant, one comparison is left. *)
let[@inline] is_zero b p n =
  if n >= 8 then is_zero_long b p n
  else if n >= 4 then
    Int32.logor (native_get32 b p) (native_get32 b (p + n - 4)) = 0l
  else if n >= 2 then native_get16 b p lor native_get16 b (p + n - 2) = 0
  else n <= 0 || get_u8 b p = 0

let[@inline] check_zeros b p n path =
  if not (is_zero b p n) then Error.fail Padding path

let[@inline] check_bool b p path =
  if get_u8 b p > 1 then Error.fail Bool path

let canonical_nan = 0x7FC0_0000

let[@inline] check_f32 b p path =
  let bits = get_u32 b p in
  if bits land 0x7FFF_FFFF > 0x7F80_0000 && bits <> canonical_nan then
    Error.fail Nan path

let[@inline] check_enum v path =
  match v with Some _ -> () | None -> Error.fail Enum path

let[@inline] check_length b p ~max path =
  let word = get_i64 b p in
  let n = Int64.to_int word land 0xFFFF in
  if n > max then Error.fail Count path;
  if word <> Int64.of_int n then Error.fail Padding path;
  n

(* After at least eight bytes that may be read. *)
let[@inline] is_zero_tail b p n =
  if n >= 8 then is_zero_long b p n
  else
    n = 0
    || Int64.shift_right_logical (get_i64 b (p + n - 8)) (64 - (8 * n)) = 0L

let check_tail b p n path =
  if not (is_zero_tail b p n) then Error.fail Padding path

(* The length of a string of ASCII; -1 if it is something else, or wrong. Tests
   once for what is most likely. *)
let[@inline] plain_length b p ~max ~size =
  let word = get_i64 b p in
  let n = Int64.to_int word in
  if
    Int64.logand word (-0x1_0000L) = 0L
    && n <= max
    && Words.is_plain b ~first:(p + 8) ~text:n ~size:(size - 8)
  then n
  else -1

(* The length of any string. *)
let any_length b p ~max ~size path =
  let n = check_length b p ~max path in
  if not (Utf8.unsafe_is_valid_beyond_ascii b ~pos:(p + 8) ~len:n) then
    Error.fail Utf8 path;
  check_tail b (p + 8 + n) (size - 8 - n) path;
  n

let check_text b p ~max ~size path =
  if plain_length b p ~max ~size < 0 then
    ignore (any_length b p ~max ~size path : int)

let take_any_text b p ~max ~size path =
  octets b (p + 8) (any_length b p ~max ~size path)

let take_text b p ~max ~size path =
  let n = plain_length b p ~max ~size in
  if n >= 0 then octets b (p + 8) n else take_any_text b p ~max ~size path

let check_blob b p ~max ~size path =
  let n = check_length b p ~max path in
  check_tail b (p + 8 + n) (size - 8 - n) path

let check_presence b p ~gap ~size path =
  let presence = get_u8 b p in
  if presence > 1 then Error.fail Presence path;
  check_zeros b (p + 1) gap path;
  if presence = 0 then check_zeros b (p + 1 + gap) size path;
  presence <> 0

let check_under check b p path =
  try check b p with Error.Invalid e -> Error.fail_under path e

let[@inline] require ok rule path = if not ok then Error.fail (Rule rule) path
let[@inline] u64_ge v bits = U64.ge v (U64.of_int64 bits)
let[@inline] u64_le v bits = U64.ge (U64.of_int64 bits) v
let[@inline] is_nonzero v = v < 0. || v > 0.

let text_is_ascii b p =
  Utf8.unsafe_is_ascii b ~pos:(p + 8) ~len:(get_u16 b p)

(* Rules name short strings: bytes will do. *)
let range_is b p s =
  let i = ref 0 in
  let n = String.length s in
  while !i < n && get_u8 b (p + !i) = Char.code (String.unsafe_get s !i) do
    incr i
  done;
  !i = n

let text_has_prefix b p prefix =
  get_u16 b p >= String.length prefix && range_is b (p + 8) prefix

let text_is b p s = get_u16 b p = String.length s && range_is b (p + 8) s

let has_prefix s prefix =
  String.length s >= String.length prefix
  && range_is (Bytes.unsafe_of_string s) 0 prefix

let is_zero_octets s = is_zero (Bytes.unsafe_of_string s) 0 (String.length s)

let[@inline] valid_range v low high path =
  if v < low || v > high then Error.fail Range path

let valid_u8 v path = valid_range v 0 0xFF path
let valid_u16 v path = valid_range v 0 0xFFFF path
let valid_u32 v path = valid_range v 0 0xFFFF_FFFF path
let valid_i8 v path = valid_range v (-0x80) 0x7F path
let valid_i16 v path = valid_range v (-0x8000) 0x7FFF path
let valid_i32 v path = valid_range v (-0x8000_0000) 0x7FFF_FFFF path

let valid_octets s ~len path =
  if String.length s <> len then Error.fail Count path

let valid_blob s ~max path =
  if String.length s > max then Error.fail Count path

let valid_text s ~max path =
  valid_blob s ~max path;
  if not (Utf8.is_valid s) then Error.fail Utf8 path

let is_finite v = v -. v = 0.

let round_f32 v path =
  if v <> v then Int32.float_of_bits (Int32.of_int canonical_nan)
  else
    let rounded = Int32.float_of_bits (Int32.bits_of_float v) in
    if is_finite v && not (is_finite rounded) then Error.fail Range path;
    rounded

let equal_float a b = Int64.bits_of_float a = Int64.bits_of_float b

let equal_option equal a b =
  match (a, b) with
  | None, None -> true
  | Some a, Some b -> equal a b
  | _ -> false

let pp_begin ppf name = Format.fprintf ppf "@[<hv 2>%s {" name
let pp_field ppf label pp v = Format.fprintf ppf "@ @[<2>%s =@ %a;@]" label pp v
let pp_end ppf = Format.fprintf ppf "@;<1 -2>}@]"
let pp_redacted ppf name = Format.fprintf ppf "%s <redacted>" name
let pp_int = Format.pp_print_int
let pp_int64 ppf v = Format.fprintf ppf "%Ld" v
let pp_bool = Format.pp_print_bool
let pp_text ppf s = Format.pp_print_string ppf (Utf8.quoted s)

let rec pp_shortest digits round ppf v =
  let text = Printf.sprintf "%.*g" digits v in
  if digits >= 17 || v <> v || round (float_of_string text) = v then
    Format.pp_print_string ppf text
  else pp_shortest (digits + 1) round ppf v

let pp_f32 ppf v =
  pp_shortest 6 (fun v -> Int32.float_of_bits (Int32.bits_of_float v)) ppf v

let pp_f64 ppf v = pp_shortest 15 (fun v -> v) ppf v

let pp_octets ppf s =
  Format.pp_print_string ppf "0x";
  String.iter (fun c -> Format.fprintf ppf "%02x" (Char.code c)) s

let pp_option pp ppf = function
  | None -> Format.pp_print_string ppf "None"
  | Some v -> Format.fprintf ppf "@[<2>Some@ (%a)@]" pp v
