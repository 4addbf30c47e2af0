#pragma once
/// Sessions of a handler on a listening socket: what Server is made of, and what tests serve other handlers with.
/// Internal to the room.
#include "consensus/cometbft/handler.h"
#include "consensus/cometbft/server.h"

namespace assay::consensus {

/// Owns `handler`. Of the options, address, limits and log are used.
Result<std::unique_ptr<Server>> start_server(std::unique_ptr<Handler> handler, ServerOptions options);

} // namespace assay::consensus
