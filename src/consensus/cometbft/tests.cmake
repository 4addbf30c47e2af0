if(ASSAY_TESTS)
  add_library(assay_consensus_testing STATIC
    cometbft/testing/abci_client.cpp cometbft/testing/file_application.cpp cometbft/testing/kv_handler.cpp)
  target_link_libraries(assay_consensus_testing PUBLIC assay_consensus assay_abci_messages)
  # Serves the test applications to a real engine: tests/comet and tests/net.
  add_executable(consensus_test_node cometbft/testing/test_node.cpp)
  target_link_libraries(consensus_test_node PRIVATE assay_consensus_testing)
endif()
assay_test(cometbft_test
  SOURCES cometbft/application_handler_test.cpp cometbft/engine_home_test.cpp cometbft/frame_test.cpp cometbft/server_test.cpp
          cometbft/transaction_pool_test.cpp
  DEPS consensus_testing)
