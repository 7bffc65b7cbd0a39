type t = { initial : float; max : float; factor : float; jitter : float }

let make ?(initial = 0.1) ?(max = 10.) ?(factor = 2.) ?(jitter = 0.5) () =
  if not (initial > 0. && initial <= max && factor >= 1.) then
    invalid_arg "Backoff.make: 0 < initial <= max and factor >= 1";
  if not (jitter >= 0. && jitter <= 1.) then
    invalid_arg "Backoff.make: jitter is in 0 to 1";
  { initial; max; factor; jitter }

let delay t ~attempt ~random =
  let attempt = float_of_int (Int.max 0 attempt) in
  let whole = Float.min t.max (t.initial *. (t.factor ** attempt)) in
  let random = Float.min 1. (Float.max 0. random) in
  whole *. (1. -. (t.jitter *. random))
