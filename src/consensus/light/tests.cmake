assay_test(light_client_test SOURCES light/light_block_test.cpp light/verifier_test.cpp light/proof_bundle_test.cpp DEPS consensus)
assay_fuzz(light_bundle_fuzz SOURCE light/fuzz/light_bundle_fuzz.cpp DEPS consensus)
