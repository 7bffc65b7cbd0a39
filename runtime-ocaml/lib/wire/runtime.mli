(** What generated code is made of: little-endian loads and stores at any
    alignment, checks, printers.

    Not for programs: where nothing else is said, a function does not check
    that its range lies in the bytes. Generated code checks that once for a
    whole message. A position [p] is that of the value, a [path] the field's
    name; checks raise {!Error.Invalid}. *)

(** {1 Whole messages} *)

val is_payload : bytes -> pos:int -> len:int -> size:int -> bool
(** [is_payload b ~pos ~len ~size] is [true] iff [len] is [size] and the range
    is in [b]. *)

val no_payload : bytes -> pos:int -> len:int -> ('a, Error.t) result
(** [no_payload b ~pos ~len] is what is wrong with a range that is not
    {!is_payload}: [Error.Length].
    @raise Invalid_argument if the range is not in [b]. *)

val try_check :
  (bytes -> int -> unit) -> bytes -> pos:int -> len:int -> size:int ->
  (unit, Error.t) result
(** [try_check check b ~pos ~len ~size] is [check b pos] with {!Error.Invalid}
    caught, or {!no_payload}. *)

val ok_exn : ('a, Error.t) result -> 'a
(** [ok_exn r] is [r]'s value. *)

val check_room : bytes -> pos:int -> size:int -> unit
(** [check_room b ~pos ~size] is for writing.
    @raise Invalid_argument if the range is not in [b]. *)

(** {1 Loads} *)

external get_u8 : bytes -> int -> int = "%bytes_unsafe_get"
(** [get_u8 b p] is the byte at [p]; the others alike. *)

val get_u16 : bytes -> int -> int
val get_u32 : bytes -> int -> int
val get_u64 : bytes -> int -> U64.t
val get_i8 : bytes -> int -> int
val get_i16 : bytes -> int -> int
val get_i32 : bytes -> int -> int
val get_i64 : bytes -> int -> int64
val get_f32 : bytes -> int -> float
val get_f64 : bytes -> int -> float
val get_bool : bytes -> int -> bool

val get_octets : bytes -> int -> len:int -> string
(** [get_octets b p ~len] is a copy. *)

val get_text : bytes -> int -> string
(** [get_text b p] is a copy of the string, or byte vector, at [p]. *)

(** {1 Loads that check}

    For views, whose bytes may not have been checked: they raise
    [Invalid_argument] rather than read outside of [b]. *)

val at : int -> int -> int
(** [at pos offset] is [pos + offset].
    @raise Invalid_argument if [pos] is negative. *)

val peek_u8 : bytes -> int -> int
val peek_u16 : bytes -> int -> int
val peek_u32 : bytes -> int -> int
val peek_u64 : bytes -> int -> U64.t
val peek_i8 : bytes -> int -> int
val peek_i16 : bytes -> int -> int
val peek_i32 : bytes -> int -> int
val peek_i64 : bytes -> int -> int64
val peek_f32 : bytes -> int -> float
val peek_f64 : bytes -> int -> float
val peek_bool : bytes -> int -> bool
val peek_octets : bytes -> int -> len:int -> string

val peek_length : bytes -> int -> max:int -> int
(** [peek_length b p ~max] is the length or count at [p].
    @raise Invalid_argument if it is over [max]. *)

val peek_text : bytes -> int -> max:int -> string

val peek_slot : bytes -> int -> max:int -> stride:int -> int -> int
(** [peek_slot b p ~max ~stride i] is the position of element [i] of the vector
    at [p].
    @raise Invalid_argument if there is no such element. *)

val slot : int -> len:int -> stride:int -> int -> int
(** [slot p ~len ~stride i] is the position of element [i] of the array of
    [len] elements at [p].
    @raise Invalid_argument if there is no such element. *)

val require_present : bytes -> int -> unit
(** [require_present b p] looks at the presence byte at [p].
    @raise Invalid_argument if it is 0. *)

val known : 'a option -> 'a
(** [known v] is [v]'s content.
    @raise Invalid_argument if there is none: bytes that were not checked, or
    that were written to since. *)

(** {1 Stores} *)

external set_u8 : bytes -> int -> int -> unit = "%bytes_unsafe_set"
(** [set_u8 b p v] stores a byte; the others alike. Upper bits are lost. *)

val set_u16 : bytes -> int -> int -> unit
val set_u32 : bytes -> int -> int -> unit
val set_u64 : bytes -> int -> U64.t -> unit
val set_i8 : bytes -> int -> int -> unit
val set_i16 : bytes -> int -> int -> unit
val set_i32 : bytes -> int -> int -> unit
val set_i64 : bytes -> int -> int64 -> unit
val set_f32 : bytes -> int -> float -> unit
val set_f64 : bytes -> int -> float -> unit
val set_bool : bytes -> int -> bool -> unit

val set_octets : bytes -> int -> string -> unit
(** [set_octets b p s] stores all of [s]. *)

val set_text : bytes -> int -> size:int -> string -> unit
(** [set_text b p ~size s] stores length, [s], and zeros up to [size]. *)

val set_zeros : bytes -> int -> int -> unit
(** [set_zeros b p n] stores [n] zero bytes. *)

val set_length : bytes -> int -> int -> unit
(** [set_length b p n] stores the eight bytes before text or slots. *)

val set_presence : bytes -> int -> gap:int -> unit
(** [set_presence b p ~gap] stores a 1 and [gap] zero bytes. *)

(** {1 Checks of bytes} *)

val is_zero : bytes -> int -> int -> bool
(** [is_zero b p n] is [true] iff all [n] bytes are zero. *)

val check_zeros : bytes -> int -> int -> string -> unit
(** [check_zeros b p n path] checks [n] bytes of padding. *)

val check_bool : bytes -> int -> string -> unit
val check_f32 : bytes -> int -> string -> unit

val check_enum : 'a option -> string -> unit
(** [check_enum v path] checks the result of an enum's [of_int]. *)

val check_length : bytes -> int -> max:int -> string -> int
(** [check_length b p ~max path] checks the eight bytes before text or slots
    and is the length or count. *)

val check_text : bytes -> int -> max:int -> size:int -> string -> unit
(** [check_text b p ~max ~size path] checks a string and the zeros after it, up
    to [size]. *)

val take_text : bytes -> int -> max:int -> size:int -> string -> string
(** [take_text] is {!check_text}, then {!get_text}. *)

val check_blob : bytes -> int -> max:int -> size:int -> string -> unit
(** [check_blob] is {!check_text} of bytes that need not be UTF-8. *)

val check_presence :
  bytes -> int -> gap:int -> size:int -> string -> bool
(** [check_presence b p ~gap ~size path] checks the presence byte, the [gap]
    zero bytes after it and, if absent, the [size] bytes of the value. It is
    whether there is a value to check. *)

val check_under : (bytes -> int -> unit) -> bytes -> int -> string -> unit
(** [check_under check b p path] is [check b p] with errors under [path]. *)

(** {1 Rules} *)

val require : bool -> string -> string -> unit
(** [require ok rule path] raises with the rule's code unless [ok]. *)

val u64_ge : U64.t -> int64 -> bool
(** [u64_ge v bits] is [true] iff [v] is at least the number with these bits. *)

val u64_le : U64.t -> int64 -> bool
(** [u64_le v bits] is [true] iff [v] is at most the number with these bits. *)

val is_nonzero : float -> bool
(** [is_nonzero v] is [true] iff [v] is neither a zero nor a NaN. *)

val text_is_ascii : bytes -> int -> bool
(** [text_is_ascii b p] looks at the string at [p]. *)

val text_has_prefix : bytes -> int -> string -> bool
(** [text_has_prefix b p prefix] looks at the string at [p]. *)

val text_is : bytes -> int -> string -> bool
(** [text_is b p s] compares the string at [p]. *)

val has_prefix : string -> string -> bool
(** [has_prefix s prefix] is [true] iff [s] begins with [prefix]. *)

val is_zero_octets : string -> bool
(** [is_zero_octets s] is [true] iff all bytes of [s] are zero. *)

(** {1 Checks of values} *)

val valid_u8 : int -> string -> unit
val valid_u16 : int -> string -> unit
val valid_u32 : int -> string -> unit
val valid_i8 : int -> string -> unit
val valid_i16 : int -> string -> unit
val valid_i32 : int -> string -> unit

val valid_octets : string -> len:int -> string -> unit
(** [valid_octets s ~len path] checks the number of bytes. *)

val valid_text : string -> max:int -> string -> unit
(** [valid_text s ~max path] checks length and UTF-8. *)

val valid_blob : string -> max:int -> string -> unit
(** [valid_blob s ~max path] checks the length. *)

val round_f32 : float -> string -> float
(** [round_f32 v path] is the nearest [f32], and the one NaN for any NaN.
    [Error.Range] if [v] is finite and that is not. *)

(** {1 Equality and printing} *)

val equal_float : float -> float -> bool
(** [equal_float a b] compares bits. *)

val equal_option : ('a -> 'a -> bool) -> 'a option -> 'a option -> bool

val pp_begin : Format.formatter -> string -> unit
(** [pp_begin ppf name] opens the fields of [name]. *)

val pp_field :
  Format.formatter -> string -> (Format.formatter -> 'a -> unit) -> 'a -> unit
(** [pp_field ppf label pp v] prints one field. *)

val pp_end : Format.formatter -> unit
(** [pp_end ppf] closes what {!pp_begin} opened. *)

val pp_redacted : Format.formatter -> string -> unit
(** [pp_redacted ppf name] prints the name of a message that is not shown. *)

val pp_int : Format.formatter -> int -> unit
val pp_int64 : Format.formatter -> int64 -> unit
val pp_bool : Format.formatter -> bool -> unit
val pp_text : Format.formatter -> string -> unit

val pp_f32 : Format.formatter -> float -> unit
(** [pp_f32 ppf v] prints the shortest decimal that reads back as [v], once
    rounded to 32 bits. *)

val pp_f64 : Format.formatter -> float -> unit
(** [pp_f64 ppf v] prints the shortest decimal that reads back as [v]. *)

val pp_octets : Format.formatter -> string -> unit
(** [pp_octets ppf s] prints [0x] and hexadecimal digits. *)

val pp_option :
  (Format.formatter -> 'a -> unit) -> Format.formatter -> 'a option -> unit
