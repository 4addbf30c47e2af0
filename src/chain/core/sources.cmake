list(APPEND chain_sources core/amount.cpp)
