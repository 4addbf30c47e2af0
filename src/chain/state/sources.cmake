list(APPEND chain_sources
  state/node.cpp state/node_reader.cpp state/proof.cpp state/proof_make.cpp state/snapshot_format.cpp state/snapshot_make.cpp state/snapshot_restore.cpp state/state_load.cpp state/state_lookup.cpp
  state/state_prepare.cpp state/state_rollback.cpp state/state_store.cpp state/state_tables.cpp state/state_verify.cpp state/state_view.cpp
  state/sweep.cpp state/tree_hash.cpp state/tree_update.cpp state/value_cache.cpp)
