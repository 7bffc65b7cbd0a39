module RT = Runtime

let check_array check b p ~len ~stride path =
  let i = ref 0 in
  try
    while !i < len do
      check b (p + (!i * stride));
      incr i
    done
  with Error.Invalid e -> Error.fail_at path !i e

let check_tail b p ~stride ~size n path =
  let used = 8 + (n * stride) in
  RT.check_zeros b (p + used) (size - used) path

let check_vec check b p ~max ~stride ~size path =
  let n = RT.check_length b p ~max path in
  check_array check b (p + 8) ~len:n ~stride path;
  check_tail b p ~stride ~size n path

let check_slots b p ~max ~stride ~size path =
  let n = RT.check_length b p ~max path in
  check_tail b p ~stride ~size n path

let get_array get b p ~len ~stride =
  if len = 0 then [||]
  else begin
    let a = Array.make len (get b p) in
    for i = 1 to len - 1 do
      Array.unsafe_set a i (get b (p + (i * stride)))
    done;
    a
  end

let get_ints get b p ~len ~stride =
  let a : int array = Array.make len 0 in
  for i = 0 to len - 1 do
    Array.unsafe_set a i (get b (p + (i * stride)))
  done;
  a

let get_octets b p ~len ~size =
  if len = 0 then [||]
  else begin
    let a : string array = Array.make len "" in
    for i = 0 to len - 1 do
      Array.unsafe_set a i (RT.get_octets b (p + (i * size)) ~len:size)
    done;
    a
  end

let get_f32s b p ~len =
  let a = Array.create_float len in
  for i = 0 to len - 1 do
    Array.unsafe_set a i (RT.get_f32 b (p + (4 * i)))
  done;
  a

let get_f64s b p ~len =
  let a = Array.create_float len in
  for i = 0 to len - 1 do
    Array.unsafe_set a i (RT.get_f64 b (p + (8 * i)))
  done;
  a

let refuse () = invalid_arg "encode: an element was made invalid"

let[@inline] require_length a len = if Array.length a <> len then refuse ()

let set_array set b p ~len ~stride a =
  require_length a len;
  for i = 0 to len - 1 do
    set b (p + (i * stride)) (Array.unsafe_get a i)
  done

let set_ints set b p ~len ~stride (a : int array) =
  require_length a len;
  for i = 0 to len - 1 do
    set b (p + (i * stride)) (Array.unsafe_get a i)
  done

let set_octets b p ~len ~size (a : string array) =
  require_length a len;
  for i = 0 to len - 1 do
    let s = Array.unsafe_get a i in
    if String.length s <> size then refuse ();
    RT.set_octets b (p + (i * size)) s
  done

let set_f32s b p ~len (a : float array) =
  require_length a len;
  for i = 0 to len - 1 do
    let v = Array.unsafe_get a i in
    match RT.round_f32 v "" with
    | rounded -> RT.set_f32 b (p + (4 * i)) rounded
    | exception Error.Invalid _ -> refuse ()
  done

let set_f64s b p ~len (a : float array) =
  require_length a len;
  for i = 0 to len - 1 do
    RT.set_f64 b (p + (8 * i)) (Array.unsafe_get a i)
  done

let set_count b p ~max ~stride ~size a =
  let n = Array.length a in
  if n > max then refuse ();
  RT.set_length b p n;
  let used = 8 + (n * stride) in
  RT.set_zeros b (p + used) (size - used);
  n

let[@inline] within v low high = if v < low || v > high then refuse ()

let put_u8 b p v =
  within v 0 0xFF;
  RT.set_u8 b p v

let put_u16 b p v =
  within v 0 0xFFFF;
  RT.set_u16 b p v

let put_u32 b p v =
  within v 0 0xFFFF_FFFF;
  RT.set_u32 b p v

let put_i8 b p v =
  within v (-0x80) 0x7F;
  RT.set_i8 b p v

let put_i16 b p v =
  within v (-0x8000) 0x7FFF;
  RT.set_i16 b p v

let put_i32 b p v =
  within v (-0x8000_0000) 0x7FFF_FFFF;
  RT.set_i32 b p v

let copy_array a ~len path =
  if Array.length a <> len then Error.fail Count path;
  Array.copy a

let copy_vec a ~max path =
  if Array.length a > max then Error.fail Count path;
  Array.copy a

(* Writes into the copy: the original may be changing. *)
let own_in_place own a path =
  let i = ref 0 in
  try
    while !i < Array.length a do
      Array.unsafe_set a !i (own (Array.unsafe_get a !i));
      incr i
    done;
    a
  with Error.Invalid e -> Error.fail_at path !i e

let own_array own a ~len path = own_in_place own (copy_array a ~len path) path
let own_vec own a ~max path = own_in_place own (copy_vec a ~max path) path

let equal eq a b =
  let n = Array.length a in
  n = Array.length b
  &&
  let i = ref 0 in
  while !i < n && eq (Array.unsafe_get a !i) (Array.unsafe_get b !i) do
    incr i
  done;
  !i = n

let pp pp_one ppf a =
  Format.fprintf ppf "@[<hv 2>[|";
  Array.iter (fun v -> Format.fprintf ppf "@ %a;" pp_one v) a;
  Format.fprintf ppf "@;<1 -2>|]@]"
