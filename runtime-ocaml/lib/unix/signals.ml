type t = { output : Unix.file_descr; input : Unix.file_descr }

external catch_signals : Unix.file_descr -> unit = "mycelium_catch_signals"
external release_signals : unit -> unit = "mycelium_release_signals"

let lock = Mutex.create ()
let caught = ref false

let set b =
  Mutex.lock lock;
  let was = !caught in
  caught := b;
  Mutex.unlock lock;
  was

let catch () =
  match Unix.pipe ~cloexec:true () with
  | exception Unix.Unix_error (e, _, _) -> Error (Unix.error_message e)
  | output, input when set true ->
      Socket.close output;
      Socket.close input;
      invalid_arg "Signals.catch: caught already"
  | output, input ->
      Unix.set_nonblock input;
      catch_signals input;
      (* Whoever started the program may have left them blocked. *)
      let both = [ Sys.sigterm; Sys.sigint ] in
      ignore (Thread.sigmask SIG_UNBLOCK both : int list);
      Ok { output; input }

let output t = t.output

let interrupt t =
  match Unix.single_write t.input (Bytes.make 1 'i') 0 1 with
  | (_ : int) -> ()
  | exception Unix.Unix_error _ -> ()

let release t =
  release_signals ();
  Socket.close t.output;
  Socket.close t.input;
  ignore (set false : bool)
