#pragma once
/// Whoever can be asked for headers and answers, and is trusted with nothing: an engine's RPC, a node.
/// Thread-safe. Local class.
#include "consensus/cometbft/rpc_client.h"
#include "consensus/light/light_block.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::consensus {

/// A raw key of the state with a proof under the hash of that state.
struct ProvenValue {
    std::uint64_t height = 0;
    std::optional<Bytes> value; ///< nothing: absent
    Bytes proof;
};

class LightSource {
public:
    virtual ~LightSource() = default;
    /// Errors name it by this.
    virtual const std::string& url() const = 0;
    /// Of the newest header.
    virtual Result<std::uint64_t> height() const = 0;
    /// JSON that parse_light_block() reads.
    virtual Result<std::string> light_block(std::uint64_t height) const = 0;
    /// At `height`, or the newest that can be proven.
    virtual Result<ProvenValue> prove(std::string_view module, ByteView key,
                                      std::optional<std::uint64_t> height) const = 0;
};

/// CometBFT's own RPC. Errors: those of RpcClient.
class RpcLightSource final : public LightSource {
public:
    explicit RpcLightSource(RpcClient rpc) : rpc_(std::move(rpc)) {}
    const std::string& url() const override { return rpc_.url(); }
    Result<std::uint64_t> height() const override;
    Result<std::string> light_block(std::uint64_t height) const override;
    Result<ProvenValue> prove(std::string_view module, ByteView key,
                              std::optional<std::uint64_t> height) const override;

private:
    RpcClient rpc_;
};

/// Errors: those of the source, and of parse_light_block().
Result<LightBlock> fetch_light_block(const LightSource& source, std::uint64_t height);

} // namespace assay::consensus
