#include "node/commands/trust_flags.h"

#include "node/chain/chain_json.h"

#include <chrono>

namespace assay::node {

void TrustFlags::add_to(CLI::App& command, bool required) {
    auto* given_height =
        command.add_option("--trust-height", height, "Height of a header that is known to be right")->type_name("N");
    auto* given_hash = command.add_option("--trust-hash", hash, "Its hash")->type_name("HASH");
    if (required) {
        given_height->required();
        given_hash->required();
    } else {
        given_height->capture_default_str();
    }
    command
        .add_option("--trust-period", options.trust_period_s,
                    "Seconds that such knowledge stays good; below the unbonding time")
        ->type_name("S")
        ->capture_default_str();
}

Result<consensus::TrustRoot> TrustFlags::root() const { return consensus::TrustRoot{height, TRY(parse_hash(hash))}; }

Result<consensus::TrustRoot> TrustFlags::root(const consensus::LightSource& source) const {
    if (!hash.empty()) return root();
    const auto block = TRY(consensus::fetch_light_block(source, height));
    return consensus::TrustRoot{height, hash_of(block.header)};
}

consensus::BlockTime time_now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    return {seconds.count(), static_cast<std::int32_t>(std::chrono::nanoseconds(since - seconds).count())};
}

} // namespace assay::node
