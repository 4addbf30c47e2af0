list(APPEND chain_sources
  modules/bank/authorization.cpp
  modules/bank/bank_module.cpp
  modules/bank/genesis.cpp
  modules/bank/invariants.cpp
  modules/bank/keeper.cpp
  modules/bank/ledger.cpp
  modules/bank/queries.cpp
  modules/bank/state.cpp
  modules/bank/tokens.cpp)
