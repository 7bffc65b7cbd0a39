let () =
  Test_worker.main Worker_programs.programs;
  Alcotest.run "mycelium"
    [
      ("utf8", Test_utf8.tests);
      ("runtime", Test_runtime.tests);
      ("u64", Test_u64.tests);
      ("u256", Test_u256.tests);
      ("numbers against Zarith", Test_zarith.tests);
      ("codec", Test_codec.tests);
      ("handshake", Test_handshake.tests);
      ("queues", Test_queues.tests);
      ("connection", Test_connection.tests);
      ("client", Test_client.tests);
      ("any bytes", Test_any_bytes.tests);
      ("addresses", Test_address.tests);
      ("transport", Test_transport.tests);
      ("delivery", Test_delivery.tests);
      ("load", Test_load.tests);
      ("worker", Test_worker.tests);
      ("reference messages", Test_reference.tests);
      ("core messages", Test_core.tests);
      ("views", Test_views.tests);
    ]
