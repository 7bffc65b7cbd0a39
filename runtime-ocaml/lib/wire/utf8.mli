(** UTF-8 validity, exactly as Rust's standard library sees it: no surrogates,
    no overlong forms, nothing over U+10FFFF. *)

val is_valid : string -> bool
(** [is_valid s] is [true] iff [s] is UTF-8. *)

val is_ascii : string -> bool
(** [is_ascii s] is [true] iff all bytes of [s] are below 128. *)

val quoted : string -> string
(** [quoted s] is [s] between double quotes, for people to read: on one line,
    and with nothing in it that could pass for something else. Quotes,
    backslashes, control characters, line separators, and characters that have
    no width or change the direction of text are escaped, as Rust's [Debug]
    does. What is not UTF-8 is escaped as in OCaml. *)

(** {1 For generated code}

    The range has to lie in the bytes: it is not checked. *)

val unsafe_is_valid : bytes -> pos:int -> len:int -> bool
(** [unsafe_is_valid b ~pos ~len] is {!is_valid} of a range. *)

val unsafe_is_valid_beyond_ascii : bytes -> pos:int -> len:int -> bool
(** {!unsafe_is_valid}, for a range that is not all ASCII. *)

val unsafe_is_ascii : bytes -> pos:int -> len:int -> bool
(** [unsafe_is_ascii b ~pos ~len] is {!is_ascii} of a range. *)

