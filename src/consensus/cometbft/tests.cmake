if(ASSAY_TESTS)
  add_library(assay_consensus_testing STATIC
    cometbft/testing/abci_client.cpp cometbft/testing/file_application.cpp cometbft/testing/kv_handler.cpp)
  target_link_libraries(assay_consensus_testing PUBLIC assay_consensus assay_abci_messages)
  # Serves the test applications to a real engine: tests/comet and tests/net.
  add_executable(consensus_test_node cometbft/testing/test_node.cpp)
  target_link_libraries(consensus_test_node PRIVATE assay_consensus_testing)
endif()
assay_test(cometbft_test
  SOURCES cometbft/application_handler_test.cpp cometbft/engine_blocks_test.cpp cometbft/engine_home_test.cpp cometbft/frame_test.cpp cometbft/server_test.cpp
          cometbft/transaction_pool_test.cpp
  DEPS consensus_testing)
if(ASSAY_TESTS)
  assay_fuzz(engine_blocks_fuzz SOURCE cometbft/fuzz/engine_blocks_fuzz.cpp DEPS consensus)
  assay_fuzz(abci_session_fuzz SOURCE cometbft/fuzz/abci_session_fuzz.cpp DEPS consensus_testing)
endif()
# A real engine, where scripts/lib.sh (need_cometbft) has installed it; skipped otherwise, saying so.
if(ASSAY_TESTS)
  add_test(NAME cometbft_system_test
    COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tests/comet/test_engine.py" "$<TARGET_FILE:consensus_test_node>")
  add_test(NAME cometbft_net_test
    COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tests/net/test_net.py" "$<TARGET_FILE:consensus_test_node>")
  set_tests_properties(cometbft_system_test cometbft_net_test PROPERTIES
    LABELS system SKIP_RETURN_CODE 77 TIMEOUT 600 RUN_SERIAL TRUE)
endif()
