# The messages of the ABCI wire, generated at build time. Their header is seen by .cpp files of this folder only.
find_package(Protobuf REQUIRED)
find_package(CURL REQUIRED)
set(abci_folder "${CMAKE_CURRENT_BINARY_DIR}/generated")
file(MAKE_DIRECTORY "${abci_folder}")
add_custom_command(
  OUTPUT "${abci_folder}/abci.pb.cc" "${abci_folder}/abci.pb.h"
  COMMAND protobuf::protoc "--proto_path=${PROJECT_SOURCE_DIR}/proto" "--cpp_out=${abci_folder}" abci.proto
  DEPENDS "${PROJECT_SOURCE_DIR}/proto/abci.proto" VERBATIM)
add_library(assay_abci_messages STATIC "${abci_folder}/abci.pb.cc")
target_include_directories(assay_abci_messages SYSTEM PUBLIC "${abci_folder}" ${Protobuf_INCLUDE_DIRS})
target_link_libraries(assay_abci_messages PUBLIC protobuf::libprotobuf-lite Threads::Threads)

list(APPEND consensus_sources
  cometbft/application_handler.cpp cometbft/comet_consensus.cpp cometbft/engine_blocks.cpp cometbft/engine_home.cpp cometbft/frame.cpp
  cometbft/engine_process.cpp cometbft/http_client.cpp cometbft/json_read.cpp cometbft/rpc_client.cpp cometbft/server.cpp cometbft/session.cpp cometbft/socket.cpp
  cometbft/supervisor.cpp cometbft/transaction_pool.cpp cometbft/translate.cpp)
list(APPEND consensus_libraries assay_abci_messages CURL::libcurl)
