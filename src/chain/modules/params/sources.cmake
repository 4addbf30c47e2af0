list(APPEND chain_sources
  modules/params/genesis.cpp
  modules/params/invariants.cpp
  modules/params/keeper.cpp
  modules/params/params_module.cpp
  modules/params/queries.cpp)
