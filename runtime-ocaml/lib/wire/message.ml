module type COMPOSITE = sig
  type t

  val name : string
  val size : int
  val encode : t -> string
  val encode_into : t -> bytes -> pos:int -> unit
  val decode : bytes -> pos:int -> len:int -> (t, Error.t) result
  val decode_exn : bytes -> pos:int -> len:int -> t
  val decode_string : string -> (t, Error.t) result
  val equal : t -> t -> bool
  val pp : Format.formatter -> t -> unit
end

module type S = sig
  include COMPOSITE

  val type_id : int
  val topic : string
  val fingerprint : string
  val schema_digest : string
end

type info = {
  type_id : int;
  name : string;
  topic : string;
  size : int;
  fingerprint : string;
}

let info (module M : S) =
  {
    type_id = M.type_id;
    name = M.name;
    topic = M.topic;
    size = M.size;
    fingerprint = M.fingerprint;
  }

module type ENUM = sig
  type t

  val all : t list
  val of_int : int -> t option
  val to_int : t -> int
  val of_string : string -> t option
  val to_string : t -> string
  val equal : t -> t -> bool
  val compare : t -> t -> int
  val pp : Format.formatter -> t -> unit
end
