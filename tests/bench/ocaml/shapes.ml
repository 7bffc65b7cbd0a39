(* The values that are measured, in records of the bench's own. *)

type text = { sender : string; content : string; timestamp : int64 }
type counter = { counter_id : int64; value : int; delta : int }

type batch = {
  operation_id : int64;
  items : string array;  (** of 20 bytes *)
  total_count : int;
}

type side = Buy | Sell
type price = { mantissa : int64; exponent : int }

type order = {
  client_order_id : string;  (** 16 bytes *)
  symbol : string;
  side : side;
  limit : price option;
  quantity : int64;
  tags : string array;  (** of 3 bytes *)
  notional_wei : string option;  (** 32 bytes *)
}

let texts =
  let prose =
    "Bids are thin above 101.25; the desk waits for the auction before it \
     moves the rest of the order. "
  in
  let text sender content = { sender; content; timestamp = 1_700_000_000L } in
  [
    ("typical", text "desk-london" prose);
    ("short", text "me" "ok, done");
    ( "full",
      text (String.make 32 's') (String.sub (prose ^ prose ^ prose) 0 256) );
    ( "greek",
      text "γραφείο"
        "Οι προσφορές είναι λίγες πάνω από 101,25· περιμένουμε. " );
  ]

let counter =
  { counter_id = 0x0123_4567_89ab_cdefL; value = -40_000; delta = 17 }

let batch =
  {
    operation_id = 77L;
    items =
      Array.init 4 (fun item ->
          String.init 20 (fun byte -> Char.chr ((item + 1) * (byte + 1))));
    total_count = 4;
  }

let order =
  {
    client_order_id = String.init 16 (fun byte -> Char.chr (byte + 1));
    symbol = "BTC-USD";
    side = Buy;
    limit = Some { mantissa = 6_512_345L; exponent = -2 };
    quantity = 250L;
    tags = [| "ALG"; "TWP" |];
    notional_wei =
      Some
        (String.init 32 (fun byte -> Char.chr (if byte < 12 then byte else 0)));
  }
