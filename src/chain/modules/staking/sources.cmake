list(APPEND chain_sources
  modules/staking/delegation.cpp
  modules/staking/distribution.cpp
  modules/staking/genesis.cpp
  modules/staking/history.cpp
  modules/staking/invariants.cpp
  modules/staking/key_rotation.cpp
  modules/staking/queries.cpp
  modules/staking/slashing.cpp
  modules/staking/staking_module.cpp
  modules/staking/staking_params.cpp
  modules/staking/state.cpp
  modules/staking/validator_set.cpp
  modules/staking/validators.cpp)
