list(APPEND consensus_sources blocks/block_log.cpp blocks/result_record.cpp)
