(** Runs of bytes, eight at a time, for the checks of {!Runtime} and {!Utf8}.

    A run is the words at [first], [first + 8], ... and the one at [last], which
    may overlap them, and may begin before [first]. Nothing is checked: all of
    them have to lie in the bytes. *)

val is_zero : bytes -> first:int -> last:int -> bool
(** [is_zero b ~first ~last] is [true] iff all bytes of the run are zero. *)

val is_ascii : bytes -> first:int -> last:int -> bool
(** [is_ascii b ~first ~last] is [true] iff all bytes of the run are below
    128. *)

val is_plain : bytes -> first:int -> text:int -> size:int -> bool
(** [is_plain b ~first ~text ~size] is [true] iff the [size] bytes at [first]
    are [text] bytes below 128, then zeros. The eight bytes before them have to
    lie in the bytes too, and be zeros or below 128. *)
