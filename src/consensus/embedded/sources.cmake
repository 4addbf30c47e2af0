list(APPEND consensus_sources embedded/block.cpp embedded/check_pool.cpp embedded/embedded_consensus.cpp embedded/mempool.cpp)
