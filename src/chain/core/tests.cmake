assay_test(chain_core_test
  SOURCES core/amount_test.cpp core/application_test.cpp core/ethereum_transaction_test.cpp core/message_test.cpp core/opened_test.cpp core/state_test.cpp core/transaction_test.cpp
  DEPS chain)
assay_fuzz(genesis_fuzz SOURCE core/fuzz/genesis_fuzz.cpp DEPS chain)
assay_fuzz(query_fuzz SOURCE core/fuzz/query_fuzz.cpp DEPS chain)
assay_fuzz(transaction_fuzz SOURCE core/fuzz/transaction_fuzz.cpp DEPS chain)
if(ASSAY_TESTS)
  add_executable(chain_transfers core/transfer_file.cpp)
  target_link_libraries(chain_transfers PRIVATE assay_options assay_chain)
endif()
