(** Arrays and vectors in generated code.

    Not for programs, like {!Runtime}, whose conventions hold here. An array
    has exactly [len] elements of [stride] bytes; a vector at most [max], after
    eight bytes that hold its count, and zeros up to [size]. Functions on one
    element know nothing of its place: their errors get the index here. *)

(** {1 Checks of bytes} *)

val check_array :
  (bytes -> int -> unit) -> bytes -> int -> len:int -> stride:int -> string ->
  unit
(** [check_array check b p ~len ~stride path] checks every element. *)

val check_vec :
  (bytes -> int -> unit) -> bytes -> int -> max:int -> stride:int ->
  size:int -> string -> unit
(** [check_vec check b p ~max ~stride ~size path] checks the count, every
    element and the zeros after them. *)

val check_slots :
  bytes -> int -> max:int -> stride:int -> size:int -> string -> unit
(** [check_slots] is {!check_vec} of elements that no bytes make invalid. *)

(** {1 Loads} *)

val get_array :
  (bytes -> int -> 'a) -> bytes -> int -> len:int -> stride:int -> 'a array
val get_ints :
  (bytes -> int -> int) -> bytes -> int -> len:int -> stride:int -> int array
val get_octets : bytes -> int -> len:int -> size:int -> string array
(** [get_octets b p ~len ~size] are [len] strings of [size] bytes each. *)

val get_f32s : bytes -> int -> len:int -> float array
val get_f64s : bytes -> int -> len:int -> float array

(** {1 Stores}

    Elements of arrays can be written to by anyone: these raise
    [Invalid_argument] for one that is not valid. *)

val set_array :
  (bytes -> int -> 'a -> unit) -> bytes -> int -> len:int -> stride:int ->
  'a array -> unit
val set_ints :
  (bytes -> int -> int -> unit) -> bytes -> int -> len:int -> stride:int ->
  int array -> unit
val set_octets : bytes -> int -> len:int -> size:int -> string array -> unit
val set_f32s : bytes -> int -> len:int -> float array -> unit
val set_f64s : bytes -> int -> len:int -> float array -> unit

val set_count :
  bytes -> int -> max:int -> stride:int -> size:int -> 'a array -> int
(** [set_count b p ~max ~stride ~size a] stores all of a vector but its
    elements. It is their number. *)

(** One element each. *)

val put_u8 : bytes -> int -> int -> unit
val put_u16 : bytes -> int -> int -> unit
val put_u32 : bytes -> int -> int -> unit
val put_i8 : bytes -> int -> int -> unit
val put_i16 : bytes -> int -> int -> unit
val put_i32 : bytes -> int -> int -> unit

(** {1 Checks of values}

    Each is a copy, so that the caller's array stays the caller's. *)

val own_array : ('a -> 'a) -> 'a array -> len:int -> string -> 'a array
(** [own_array own a ~len path] checks the number of elements, and is a copy
    with [own] applied to each. *)

val own_vec : ('a -> 'a) -> 'a array -> max:int -> string -> 'a array
(** [own_vec own a ~max path] alike. *)

val copy_array : 'a array -> len:int -> string -> 'a array
(** [copy_array a ~len path] is for elements that are always valid. *)

val copy_vec : 'a array -> max:int -> string -> 'a array
(** [copy_vec a ~max path] is for elements that are always valid. *)

(** {1 Equality and printing} *)

val equal : ('a -> 'a -> bool) -> 'a array -> 'a array -> bool
val pp :
  (Format.formatter -> 'a -> unit) -> Format.formatter -> 'a array -> unit
