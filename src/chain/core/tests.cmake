assay_test(chain_core_test
  SOURCES core/amount_test.cpp core/message_test.cpp core/state_test.cpp
  DEPS chain)
