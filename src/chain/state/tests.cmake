assay_test(state_test
  SOURCES state/proof_test.cpp state/state_store_test.cpp
  DEPS chain)
