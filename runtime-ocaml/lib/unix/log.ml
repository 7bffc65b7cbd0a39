let src = Logs.Src.create "mycelium" ~doc:"Connections to a Mycelium bridge"

include (val Logs.src_log src : Logs.LOG)
