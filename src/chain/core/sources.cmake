list(APPEND chain_sources
  core/amount.cpp
  core/basic_fields.cpp
  core/cbor.cpp
  core/fields.cpp
  core/message.cpp
  core/module_account.cpp
  core/signing.cpp
  core/state.cpp
  core/transaction.cpp)
