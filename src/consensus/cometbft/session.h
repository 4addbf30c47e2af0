#pragma once
/// One ABCI connection from its first byte to its last.
/// Internal to the room. Used by one thread.
#include "consensus/cometbft/handler.h"
#include "consensus/cometbft/socket.h"

#include <cstddef>

namespace assay::consensus {

/// Answers requests strictly in order until the peer closes, the socket is shut down, or something is wrong with the
/// stream. Errors: malformed (frame or message), io, and those of the handler. Borrows both.
Result<void> serve_session(const Socket& socket, Handler& handler, std::size_t frame_bytes_max);

} // namespace assay::consensus
