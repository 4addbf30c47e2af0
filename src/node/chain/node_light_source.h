#pragma once
/// A node's own HTTP interface as a source of headers and proofs, and what proven keys mean to people.
/// Thread-safe. Local class.
#include "consensus/light/light_source.h"
#include "node/chain/node_client.h"

namespace assay::node {

/// Errors: those of NodeClient; malformed, naming the member.
class NodeLightSource final : public consensus::LightSource {
public:
    explicit NodeLightSource(NodeClient client) : client_(std::move(client)) {}
    const std::string& url() const override { return client_.url(); }
    Result<std::uint64_t> height() const override;
    Result<std::string> light_block(std::uint64_t height) const override;
    Result<consensus::ProvenValue> prove(std::string_view module, ByteView key,
                                         std::optional<std::uint64_t> height) const override;

private:
    NodeClient client_;
};

/// Where bank keeps an account's money: the native coin where no token is given.
Bytes balance_key(const std::optional<crypto::Address>& token, const crypto::Address& account);
/// {"address","token","balance","nonce"?} of such a key; null of another.
ChainJson balance_of(std::string_view module, ByteView key, const std::optional<Bytes>& value);

} // namespace assay::node
