type entry = { at : float; id : int; condition : Condition.t; mutex : Mutex.t }

module Entries = Set.Make (struct
  type t = entry

  let compare a b =
    match Float.compare a.at b.at with 0 -> Int.compare a.id b.id | c -> c
end)

(* All of this is guarded by [lock]. *)
let lock = Mutex.create ()
let entries = ref Entries.empty
let last_id = ref 0
let pipe = ref None

(* One byte is enough to wake the thread up. *)
let interrupt fd =
  match Unix.write fd (Bytes.make 1 'w') 0 1 with
  | (_ : int) -> ()
  | exception Unix.Unix_error _ -> ()

let pause fd ~until =
  if Socket.wait_readable None ~other:fd ~until <> 0 then
    match Unix.read fd (Bytes.create 64) 0 64 with
    | (_ : int) -> ()
    | exception Unix.Unix_error _ -> ()

(* A waiter holds its mutex from before it is an entry until it waits, so that
   with the mutex held nobody can miss the wake-up. *)
let wake { mutex; condition; _ } =
  Mutex.lock mutex;
  Condition.broadcast condition;
  Mutex.unlock mutex

let rec run fd =
  Mutex.lock lock;
  let now = Clock.now () in
  let due, rest = Entries.partition (fun e -> e.at <= now) !entries in
  entries := rest;
  let until =
    match Entries.min_elt_opt rest with None -> infinity | Some e -> e.at
  in
  Mutex.unlock lock;
  if Entries.is_empty due then pause fd ~until
  else Entries.iter wake due;
  run fd

let begin_thread () =
  match Unix.pipe ~cloexec:true () with
  | exception Unix.Unix_error (e, _, _) -> Error (Unix.error_message e)
  | output, input -> (
      Unix.set_nonblock output;
      Unix.set_nonblock input;
      match Thread.create run output with
      | (_ : Thread.t) ->
          pipe := Some input;
          Ok ()
      | exception Sys_error words ->
          Unix.close output;
          Unix.close input;
          Error words)

let start () =
  Mutex.lock lock;
  let result =
    match !pipe with Some _ -> Ok () | None -> begin_thread ()
  in
  Mutex.unlock lock;
  result

let enter condition mutex at =
  Mutex.lock lock;
  incr last_id;
  let entry = { at; id = !last_id; condition; mutex } in
  entries := Entries.add entry !entries;
  let first = Entries.min_elt !entries == entry in
  (match !pipe with Some fd when first -> interrupt fd | _ -> ());
  Mutex.unlock lock;
  entry

let leave entry =
  Mutex.lock lock;
  entries := Entries.remove entry !entries;
  Mutex.unlock lock

let wait condition mutex ~until =
  if until = infinity then Condition.wait condition mutex
  else
    let entry = enter condition mutex until in
    Fun.protect
      ~finally:(fun () -> leave entry)
      (fun () -> Condition.wait condition mutex)
