assay_test(state_test
  SOURCES state/proof_test.cpp state/state_golden_test.cpp state/state_snapshot_test.cpp state/state_store_test.cpp state/state_verify_test.cpp
  DEPS chain)
assay_fuzz(state_proof_fuzz SOURCE state/fuzz/state_proof_fuzz.cpp DEPS chain)
assay_fuzz(state_record_fuzz SOURCE state/fuzz/state_record_fuzz.cpp DEPS chain)
assay_fuzz(snapshot_restore_fuzz SOURCE state/fuzz/snapshot_restore_fuzz.cpp DEPS chain)
