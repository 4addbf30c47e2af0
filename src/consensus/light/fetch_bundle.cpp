// How a proof bundle is put together from endpoints that nobody trusts: each header is verified before the next is asked for.
#include "consensus/light/proof_bundle.h"

#include <algorithm>
#include <thread>

namespace assay::consensus {

namespace {

constexpr std::chrono::milliseconds kNextHeaderPatience{30'000};
constexpr std::chrono::milliseconds kPollPause{200};

// A light block and the JSON it was read from.
struct Fetched {
    LightBlock block;
    std::string json;
};

Result<Fetched> fetch_block(const LightSource& source, std::uint64_t height) {
    Fetched out;
    out.json = TRY(source.light_block(height));
    const codec::Json json = TRY(codec::parse_json(out.json));
    auto block = parse_light_block(json);
    if (!block) return fail_in(source.url() + " height " + std::to_string(height), block.error());
    out.block = std::move(*block);
    return out;
}

// The header that names the state after `height` comes one block later.
Result<void> wait_for_height(const LightSource& endpoint, std::uint64_t height) {
    const auto deadline = std::chrono::steady_clock::now() + kNextHeaderPatience;
    while (TRY(endpoint.height()) < height) {
        if (std::chrono::steady_clock::now() >= deadline)
            return fail(ErrorCode::cancelled, endpoint.url() + ": height " + std::to_string(height) + " does not come");
        std::this_thread::sleep_for(kPollPause);
    }
    return {};
}

// Appends blocks that lead from the last one of `chain` to `target`, halving the way where too few trusted validators signed.
Result<void> walk(const LightSource& endpoint, std::vector<Fetched>& chain, Fetched target, const TrustOptions& options,
                  BlockTime now) {
    std::vector<Fetched> ahead;
    ahead.push_back(std::move(target));
    while (!ahead.empty()) {
        if (chain.size() + ahead.size() > kBundleBlocksMax)
            return fail(ErrorCode::resource_exhausted,
                        "too many headers are needed from the trusted one to the answer's");
        const LightBlock& trusted = chain.back().block;
        const auto verdict = verify_next(trusted, ahead.back().block, options, now);
        if (verdict) {
            chain.push_back(std::move(ahead.back()));
            ahead.pop_back();
            continue;
        }
        if (verdict.error().code != ErrorCode::not_found) return verdict;
        const std::int64_t middle =
            trusted.header.height + (ahead.back().block.header.height - trusted.header.height) / 2;
        ahead.push_back(TRY(fetch_block(endpoint, static_cast<std::uint64_t>(middle))));
    }
    return {};
}

Result<void> compare_endpoints(std::span<const LightSource* const> endpoints, const LightBlock& last) {
    const auto height = static_cast<std::uint64_t>(last.header.height);
    for (const LightSource* endpoint : endpoints.subspan(1)) {
        TRY_VOID(wait_for_height(*endpoint, height));
        const Fetched other = TRY(fetch_block(*endpoint, height));
        if (hash_of(other.block.header) == hash_of(last.header)) continue;
        return fail(ErrorCode::invalid_argument, endpoints[0]->url() + " and " + endpoint->url() +
                                                     " show different headers of height " + std::to_string(height) +
                                                     ": one of them lies, or the chain has split");
    }
    return {};
}

} // namespace

Result<std::string> fetch_proof_bundle(std::span<const LightSource* const> endpoints, const TrustRoot& root,
                                       const TrustOptions& options, BlockTime now, std::string_view module,
                                       ByteView key, std::optional<std::uint64_t> height) {
    if (endpoints.empty()) return fail(ErrorCode::invalid_argument, "no endpoint is given");
    const LightSource& first = *endpoints.front();
    const ProvenValue answer = TRY(first.prove(module, key, height));
    if (answer.height + 1 < root.height)
        return fail(ErrorCode::invalid_argument, first.url() + ": the answer is older than the trusted header");
    TRY_VOID(wait_for_height(first, answer.height + 1));
    std::vector<Fetched> chain;
    chain.push_back(TRY(fetch_block(first, root.height)));
    TRY_VOID(check_trust_root(chain.front().block, root));
    if (answer.height + 1 > root.height) {
        Fetched target = TRY(fetch_block(first, answer.height + 1));
        TRY_VOID(walk(first, chain, std::move(target), options, now));
    }
    TRY_VOID(compare_endpoints(endpoints, chain.back().block));
    std::string out = R"({"format":"assay-light-1","blocks":[)";
    for (std::size_t i = 0; i < chain.size(); ++i) out += (i == 0 ? "" : ",") + chain[i].json;
    out += "],\"module\":";
    codec::append_json_string(out, module);
    out += ",\"key\":\"" + to_hex(key) + "\",\"value\":" + (answer.value ? '"' + to_hex(*answer.value) + '"' : "null");
    out += ",\"height\":\"" + std::to_string(answer.height) + "\",\"proof\":\"" + to_hex(answer.proof) + "\"}";
    const ProofBundle bundle = TRY(parse_proof_bundle(out));
    TRY_VOID(verify_proof_bundle(bundle, root, options, now));
    return out;
}

} // namespace assay::consensus
