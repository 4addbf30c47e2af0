assay_test(embedded_consensus_test SOURCES embedded/block_test.cpp embedded/mempool_test.cpp embedded/embedded_consensus_test.cpp DEPS consensus)
assay_fuzz(block_record_fuzz SOURCE embedded/fuzz/block_record_fuzz.cpp DEPS consensus)
