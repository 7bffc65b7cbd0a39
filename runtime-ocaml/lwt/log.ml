let src =
  Logs.Src.create "mycelium.lwt" ~doc:"Connections to a Mycelium bridge, Lwt"

include (val Logs.src_log src : Logs.LOG)
