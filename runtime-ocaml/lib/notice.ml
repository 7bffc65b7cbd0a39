type t =
  | Connected of Connection.session
  | Disconnected of { failure : Failure.t; again : bool }
  | Dropped_by_bridge of int
  | Left_out of { type_id : int; problem : string }
  | Discarded of int

let is_warning = function
  | Connected { differences = Some d; _ } -> not (Differences.is_empty d)
  | Connected _ | Disconnected { failure = Closed; _ } -> false
  | Disconnected _ | Dropped_by_bridge _ | Left_out _ | Discarded _ -> true

let to_string = function
  | Connected { differences = Some d; _ } when not (Differences.is_empty d) ->
      "connected, only for messages that both have alike: "
      ^ Differences.to_string d
  | Connected _ -> "connected"
  | Disconnected { failure = Closed; _ } -> "closed"
  | Disconnected { failure; again } ->
      Failure.to_string failure ^ if again then "; connecting again" else ""
  | Dropped_by_bridge n ->
      Printf.sprintf "the bridge has dropped %d frames for this client" n
  | Left_out { type_id; problem } ->
      Printf.sprintf "a message of type %d is not valid (%s) and left out"
        type_id problem
  | Discarded n -> Printf.sprintf "%d messages were dropped unsent" n
