list(APPEND chain_sources
  apply_block.cpp
  core/admission.cpp
  core/amount.cpp
  core/basic_fields.cpp
  core/cbor.cpp
  core/chain_application.cpp
  core/checking.cpp
  core/ethereum_transaction.cpp
  core/export.cpp
  core/fields.cpp
  core/genesis.cpp
  core/genesis_document.cpp
  core/message.cpp
  core/module_account.cpp
  core/opened.cpp
  core/proposal.cpp
  core/queries.cpp
  core/rules_version.cpp
  core/signer_memo.cpp
  core/signing.cpp
  core/simulation.cpp
  core/snapshot_library.cpp
  core/snapshots.cpp
  core/state.cpp
  core/transaction.cpp
  core/transfer_load.cpp
  core/workers.cpp
  modules/modules.cpp)
find_package(Threads REQUIRED)
list(APPEND chain_libraries Threads::Threads)
