list(APPEND chain_sources
  modules/governance/governance_params.cpp)
