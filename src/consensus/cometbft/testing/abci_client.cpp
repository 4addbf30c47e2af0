#include "consensus/cometbft/testing/abci_client.h"

#include "base/assert.h"

#include <array>

namespace assay::consensus {

AbciClient::AbciClient(const std::string& address) {
    auto socket = connect_to(address);
    ASSAY_ASSERT(socket.has_value());
    socket_ = std::move(*socket);
}

void AbciClient::write(const abci::Request& request) { append_frame(out_, as_byte_view(request.SerializeAsString())); }

void AbciClient::send() {
    send_raw(out_);
    out_.clear();
}

void AbciClient::send_raw(ByteView bytes) { ASSAY_ASSERT(socket_.write_all(bytes).has_value()); }

abci::Response AbciClient::read() {
    std::array<std::uint8_t, 65536> buffer{};
    for (;;) {
        const auto frame = frames_.next();
        ASSAY_ASSERT(frame.has_value());
        if (*frame) {
            abci::Response response;
            ASSAY_ASSERT(response.ParseFromArray((*frame)->data(), static_cast<int>((*frame)->size())));
            return response;
        }
        const auto count = socket_.read_some(buffer);
        ASSAY_ASSERT(count.has_value() && *count > 0);
        frames_.append(ByteView(buffer).first(*count));
    }
}

bool AbciClient::at_end() {
    std::array<std::uint8_t, 1> buffer{};
    const auto count = socket_.read_some(buffer);
    return !count || *count == 0;
}

abci::Response AbciClient::ask(const abci::Request& request) {
    write(request);
    send();
    return read();
}

abci::Request check_request(const std::string& transaction, abci::CheckTxType type) {
    abci::Request request;
    request.mutable_check_tx()->set_tx(transaction);
    request.mutable_check_tx()->set_type(type);
    return request;
}

abci::Request flush_request() {
    abci::Request request;
    request.mutable_flush();
    return request;
}

abci::Request finalize_request(std::int64_t height, const std::vector<std::string>& transactions) {
    abci::Request request;
    auto& block = *request.mutable_finalize_block();
    for (const std::string& transaction : transactions) block.add_txs(transaction);
    block.set_height(height);
    block.mutable_time()->set_seconds(1'700'000'000 + height);
    block.mutable_time()->set_nanos(123'456'789);
    block.set_hash(std::string(32, '\x05'));
    block.set_proposer_address(std::string(20, '\x01'));
    return request;
}

} // namespace assay::consensus
