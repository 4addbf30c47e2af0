list(APPEND chain_sources
  modules/governance/genesis.cpp
  modules/governance/governance_module.cpp
  modules/governance/governance_params.cpp
  modules/governance/invariants.cpp
  modules/governance/outcome.cpp
  modules/governance/proposals.cpp
  modules/governance/queries.cpp
  modules/governance/state.cpp
  modules/governance/votes.cpp
  modules/governance/weights.cpp)
