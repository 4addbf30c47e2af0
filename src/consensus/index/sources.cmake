list(APPEND consensus_sources index/commit_waiters.cpp index/explorer_index.cpp index/explorer_schema.cpp)
