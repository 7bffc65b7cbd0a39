(** Runs of bytes, eight at a time, for the checks of {!Runtime} and {!Utf8}.

    A run is the words at [first], [first + 8], ... and the one at [last], which
    may overlap them, and may begin before [first]. Nothing is checked: all of
    them have to lie in the bytes. *)

val is_zero : bytes -> first:int -> last:int -> bool
(** [is_zero b ~first ~last] is [true] iff all bytes of the run are zero. *)

val is_ascii : bytes -> first:int -> last:int -> bool
(** [is_ascii b ~first ~last] is [true] iff all bytes of the run are below
    128. *)
