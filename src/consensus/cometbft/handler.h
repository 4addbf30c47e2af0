#pragma once
/// Who answers the requests of an ABCI connection.
/// Internal to the room: it shows the wire's messages.
#include "base/result.h"

#include <abci.pb.h>

#include <span>
#include <vector>

namespace assay::consensus {

/// Called by the threads of all connections at once.
class Handler {
public:
    virtual ~Handler() = default;
    /// An error ends this connection unanswered. What the engine should read is an answer: a code, or an exception.
    virtual Result<abci::Response> answer(const abci::Request& request) = 0;
    /// Consecutive CheckTx of one connection, of the same type; one answer for each, in order.
    virtual std::vector<abci::Response> check(std::span<const abci::CheckTxRequest> requests) = 0;
};

} // namespace assay::consensus
