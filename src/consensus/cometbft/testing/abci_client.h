#pragma once
/// For tests only: the engine's side of an ABCI connection.
#include "consensus/cometbft/frame.h"
#include "consensus/cometbft/handler.h"
#include "consensus/cometbft/socket.h"

#include <string>

namespace assay::consensus {

class AbciClient {
public:
    explicit AbciClient(const std::string& address);

    void write(const abci::Request& request); ///< keeps it until send()
    void send();
    void send_raw(ByteView bytes);
    abci::Response read();
    /// Nothing more comes: the server has closed.
    bool at_end();
    /// One request, one answer.
    abci::Response ask(const abci::Request& request);

private:
    Socket socket_;
    Bytes out_;
    FrameReader frames_{std::size_t{64} << 20};
};

abci::Request check_request(const std::string& transaction, abci::CheckTxType type = abci::NEW);
abci::Request flush_request();
/// A block of height `height`, of one proposer, with those transactions.
abci::Request finalize_request(std::int64_t height, const std::vector<std::string>& transactions);

} // namespace assay::consensus
