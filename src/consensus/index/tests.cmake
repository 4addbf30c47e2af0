assay_test(explorer_index_test SOURCES index/commit_waiters_test.cpp index/explorer_index_test.cpp DEPS consensus)
