assay_test(block_log_test SOURCES blocks/block_log_test.cpp blocks/result_record_test.cpp DEPS consensus)
