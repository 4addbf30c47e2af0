assay_test(block_log_test SOURCES blocks/block_log_test.cpp blocks/result_record_test.cpp DEPS consensus)
assay_fuzz(result_record_fuzz SOURCE blocks/fuzz/result_record_fuzz.cpp DEPS consensus)
