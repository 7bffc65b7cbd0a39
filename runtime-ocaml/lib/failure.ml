module Reject_reason = Core_messages.Reject_reason
module Goodbye_reason = Core_messages.Goodbye_reason

type t =
  | Unreachable of { address : string; problem : string }
  | Handshake_timeout of { address : string; seconds : float }
  | Schema_mismatch of {
      differences : Differences.t;
      complete : bool;
      bridge_digest : string;
    }
  | Rejected of { reason : Reject_reason.t; detail : string }
  | Goodbye of { reason : Goodbye_reason.t; detail : string }
  | Lost of string
  | Silent of float
  | Protocol of string
  | Closed
  | Full of { limit : int }
  | Disconnected
  | Unsent of { frames : int }
  | Timeout of float
  | Overflow of { limit : int }
  | Not_shared of { name : string }
  | Too_large of { name : string; size : int; limit : int }
  | Other_contract of { name : string }
  | Configuration of { key : string; problem : string }

exception Failed of t

let hex s =
  String.concat ""
    (List.map
       (fun c -> Printf.sprintf "%02x" (Char.code c))
       (List.of_seq (String.to_seq s)))

let regenerate = "regenerate with `myc-schema compile` and rebuild"

let rejected (reason : Reject_reason.t) =
  match reason with
  | Schema_mismatch -> "the contracts differ: " ^ regenerate
  | Protocol_version -> "it does not speak this protocol version: update it"
  | Malformed -> "it did not understand the handshake"
  | Capacity -> "it has as many clients as it takes: raise its limit"
  | Not_allowed -> "this user may not connect: see the bridge's allowed uids"
  | Worker_token ->
      "the worker token is not that of this launch: let the bridge start the \
       worker, do not copy its environment"
  | Shutting_down -> "it is shutting down: try again"
  | Deadline -> "the handshake took too long: try again"

let goodbye (reason : Goodbye_reason.t) =
  match reason with
  | Shutdown -> "it is shutting down"
  | Slow_consumer ->
      "this client read too slowly: receive faster, or raise the bridge's queue"
  | Protocol_error -> "it did not understand this client"
  | Frame_too_large -> "a frame was over its limit"
  | Idle -> "nothing was said for too long"
  | Heartbeat_missed -> "this client did not answer in time"
  | Replaced -> "a newer connection of this worker has taken its place"
  | Client_done -> "the client was done"

let with_detail words = function "" -> words | d -> words ^ " (" ^ d ^ ")"
let seconds s = Printf.sprintf "%g s" s

let to_string = function
  | Unreachable { address; problem } ->
      Printf.sprintf "cannot connect to %s: %s" address problem
  | Handshake_timeout { address; seconds = s } ->
      Printf.sprintf
        "%s did not answer the handshake within %s: is it a bridge, and does \
         it have time?"
        address (seconds s)
  | Schema_mismatch { differences; complete = true; _ } ->
      Differences.to_string differences ^ "; " ^ regenerate
  | Schema_mismatch { differences; complete = false; bridge_digest } ->
      Printf.sprintf
        "the bridge was built with another contract (digest %s…), and did not \
         say all that differs%s; %s"
        (String.sub (hex bridge_digest) 0 16)
        (if Differences.is_empty differences then ""
        else ": " ^ Differences.to_string differences)
        regenerate
  | Rejected { reason; detail } ->
      with_detail ("the bridge refuses: " ^ rejected reason) detail
  | Goodbye { reason; detail } ->
      with_detail ("the bridge said goodbye: " ^ goodbye reason) detail
  | Lost what -> "the connection to the bridge is lost: " ^ what
  | Silent s ->
      Printf.sprintf
        "the bridge was silent for %s, longer than its heartbeats allow"
        (seconds s)
  | Protocol what ->
      Printf.sprintf
        "the bridge sent what makes no sense: %s; is it another version?" what
  | Closed -> "the connection is closed"
  | Full { limit } ->
      Printf.sprintf
        "%d bytes wait to be sent, as many as may: publish slower, wait with \
         publish, or raise the limit"
        limit
  | Disconnected ->
      "there is no connection to the bridge now, it is being made again: try \
       later, or let messages wait for it (while_disconnected)"
  | Unsent { frames } ->
      Printf.sprintf
        "%d messages were dropped unsent: the connection was lost, or the \
         bridge does not take them"
        frames
  | Timeout s -> Printf.sprintf "nothing within %s" (seconds s)
  | Overflow { limit } ->
      Printf.sprintf
        "the subscriber fell %d frames behind: receive faster, raise its \
         limit, or choose another policy"
        limit
  | Not_shared { name } ->
      Printf.sprintf "bridge and client do not have %s alike: %s" name
        regenerate
  | Too_large { name; size; limit } ->
      Printf.sprintf
        "%s has %d bytes, the bridge takes %d: raise its max payload" name size
        limit
  | Other_contract { name } ->
      Printf.sprintf
        "%s is not of the contract that this connection was made for: pass the \
         schema digest and messages of its module"
        name
  | Configuration { key; problem } -> Printf.sprintf "%s: %s" key problem

let pp ppf t = Format.pp_print_string ppf (to_string t)

let is_permanent = function
  | Schema_mismatch _ | Not_shared _ | Too_large _ | Other_contract _
  | Configuration _ | Closed | Overflow _ ->
      true
  | Rejected { reason; _ } -> (
      match reason with
      | Schema_mismatch | Protocol_version | Malformed | Not_allowed
      | Worker_token ->
          true
      | Capacity | Shutting_down | Deadline -> false)
  | Goodbye { reason = Replaced; _ } -> true
  | Goodbye _ | Unreachable _ | Handshake_timeout _ | Lost _ | Silent _
  | Protocol _ | Full _ | Disconnected | Unsent _ | Timeout _ ->
      false

let exn = function Ok v -> v | Error e -> raise (Failed e)

let () =
  Printexc.register_printer (function
    | Failed e -> Some ("Mycelium.Failure.Failed: " ^ to_string e)
    | _ -> None)
