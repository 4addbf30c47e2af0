list(APPEND consensus_sources blocks/block_log.cpp)
