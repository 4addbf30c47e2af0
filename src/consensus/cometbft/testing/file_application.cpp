#include "consensus/cometbft/testing/file_application.h"

#include "base/assert.h"
#include "base/mapped_file.h"

#include <algorithm>
#include <sstream>

namespace assay::consensus {

using chain::TxCode;

FileApplication::FileApplication(std::filesystem::path folder) {
    if (folder.empty()) return;
    file_ = folder / "state.txt";
    if (const auto text = read_file(file_, std::size_t{1} << 30)) committed_ = state_of(*text);
}

std::string FileApplication::text_of(const State& state) {
    std::string text = state.chain_id + "\n" + std::to_string(state.height) + "\n";
    for (const auto& [key, value] : state.pairs) text += "p " + key + " " + value + "\n";
    for (const std::string& entry : state.slashed) text += "s " + entry + "\n";
    return text;
}

FileApplication::State FileApplication::state_of(std::string_view text) {
    State state;
    std::istringstream in{std::string(text)};
    std::getline(in, state.chain_id);
    in >> state.height;
    for (std::string kind, a, b; in >> kind;) {
        if (kind == "p" && in >> a >> b) state.pairs[a] = b;
        if (kind == "s" && in >> a) state.slashed.insert(a);
    }
    return state;
}

chain::Digest FileApplication::hash_of(const State& state) { return crypto::sha256(as_byte_view(text_of(state))); }

chain::ApplicationInfo FileApplication::info() const {
    const std::lock_guard lock(mutex_);
    return {committed_.chain_id, committed_.height, hash_of(committed_), 1, {}};
}

Result<chain::GenesisResponse> FileApplication::init_chain(const chain::GenesisRequest& genesis) {
    const std::lock_guard lock(mutex_);
    if (genesis.app_state.find("refuse") != nullptr) return fail(ErrorCode::malformed, "'refuse' is not allowed");
    committed_ = State{genesis.chain_id, 0, {}, {}};
    if (const auto* const pairs = genesis.app_state.map())
        for (const auto& [key, value] : *pairs)
            if (value.text() != nullptr) committed_.pairs[key] = *value.text();
    return chain::GenesisResponse{hash_of(committed_), genesis.validators};
}

chain::TxResult FileApplication::execute(State& state, ByteView wire,
                                         std::vector<chain::ValidatorUpdate>& updates) const {
    std::istringstream in{std::string(as_string_view(wire))};
    std::string verb, a, b;
    in >> verb >> a >> b;
    chain::TxResult result;
    result.gas_wanted = wire.size();
    result.gas_used = wire.size() / 2;
    if (verb == "set" && !b.empty()) {
        state.pairs[a] = b;
        result.events.push_back({"file.set", {{"key", a}, {"value", b}}});
    } else if (verb == "validator" && !b.empty()) {
        const auto key = from_hex(a);
        chain::ValidatorUpdate update;
        if (!key || key->size() != update.public_key.size()) return {TxCode::message_failed, "bad key", 1, 1, {}};
        std::ranges::copy(*key, update.public_key.begin());
        update.power = std::stoull(b);
        updates.push_back(update);
    } else {
        result.code = verb == "fail" ? TxCode::message_failed : TxCode::malformed;
        result.log = "cannot execute '" + verb + "'";
    }
    return result;
}

chain::CheckResult FileApplication::check_transaction(ByteView wire, bool) {
    chain::CheckResult check;
    const std::string_view text = as_string_view(wire);
    if (!text.starts_with("set ") && !text.starts_with("validator ") && text != "fail") {
        check.result.code = TxCode::malformed;
        check.result.log = "no such verb";
    }
    check.result.gas_wanted = wire.size();
    return check;
}

std::vector<chain::CheckResult> FileApplication::check_transactions(std::span<const ByteView> wires, bool recheck) {
    {
        const std::lock_guard lock(mutex_);
        batches_.push_back(wires.size());
    }
    return Application::check_transactions(wires, recheck);
}

std::vector<Bytes> FileApplication::prepare_proposal(const chain::BlockInfo&, std::vector<Bytes> candidates,
                                                     std::size_t bytes_max) {
    std::vector<Bytes> chosen;
    for (Bytes& candidate : candidates) {
        if (candidate.size() + 8 > bytes_max) continue; // 8 covers a transaction's own framing in a block
        bytes_max -= candidate.size() + 8;
        chosen.push_back(std::move(candidate));
    }
    return chosen;
}

bool FileApplication::process_proposal(const chain::BlockInfo&, const std::vector<Bytes>& transactions) {
    return std::ranges::all_of(transactions, [this](const Bytes& transaction) {
        return check_transaction(transaction, false).result.code == TxCode::ok;
    });
}

Result<chain::BlockResult> FileApplication::finalize_block(const chain::BlockInfo& block,
                                                           const std::vector<Bytes>& transactions) {
    const std::lock_guard lock(mutex_);
    if (block.height <= committed_.height) return fail(ErrorCode::internal, "the block is not above the state");
    blocks_.push_back(block);
    staged_ = committed_;
    staged_.height = block.height;
    chain::BlockResult result;
    for (const Bytes& transaction : transactions)
        result.transactions.push_back(execute(staged_, transaction, result.validator_updates));
    for (const chain::Misbehavior& misbehavior : block.misbehavior)
        staged_.slashed.insert(to_hex(misbehavior.validator.bytes) + "@" + std::to_string(misbehavior.height));
    result.events.push_back({"file.block", {{"height", std::to_string(block.height)}}});
    result.app_hash = hash_of(staged_);
    return result;
}

Result<std::uint64_t> FileApplication::commit() {
    const std::lock_guard gate(commit_gate_);
    const std::lock_guard lock(mutex_);
    if (commit_fails_) return fail(ErrorCode::io, "no space left on device");
    committed_ = staged_;
    if (!file_.empty()) TRY_VOID(write_file_atomically(file_, text_of(committed_)));
    return std::uint64_t{0};
}

Result<chain::QueryResponse> FileApplication::query(const chain::QueryRequest& request) const {
    const std::lock_guard lock(mutex_);
    const codec::Value* const key = request.arguments.find("key");
    if (request.path == "/slashed")
        return chain::QueryResponse{std::to_string(committed_.slashed.size()), committed_.height, {}};
    if (request.path != "/get") return fail(ErrorCode::not_found, "no query '" + request.path + "'");
    if (key == nullptr || key->text() == nullptr) return fail(ErrorCode::invalid_argument, "'key' is not text");
    const auto found = committed_.pairs.find(*key->text());
    if (found == committed_.pairs.end()) return fail(ErrorCode::not_found, "no key '" + *key->text() + "'");
    return chain::QueryResponse{found->second, committed_.height, request.prove ? Bytes{1, 2, 3} : Bytes{}};
}

std::vector<chain::SnapshotDescription> FileApplication::list_snapshots() const {
    const std::lock_guard lock(mutex_);
    const std::string text = text_of(committed_);
    return {{committed_.height, 1, 1, crypto::sha256(as_byte_view(text)), {}}};
}

Result<Bytes> FileApplication::load_snapshot_chunk(std::uint64_t height, std::uint32_t format,
                                                   std::uint32_t chunk) const {
    const std::lock_guard lock(mutex_);
    if (height != committed_.height || format != 1 || chunk != 0) return fail(ErrorCode::not_found, "no such chunk");
    const std::string text = text_of(committed_);
    const ByteView bytes = as_byte_view(text);
    return Bytes(bytes.begin(), bytes.end());
}

chain::OfferResult FileApplication::offer_snapshot(const chain::SnapshotDescription& snapshot,
                                                   const chain::Digest& hash) {
    const std::lock_guard lock(mutex_);
    if (snapshot.format != 1) return chain::OfferResult::reject_format;
    if (snapshot.chunks != 1) return chain::OfferResult::reject;
    offered_hash_ = snapshot.hash;
    offered_app_hash_ = hash;
    return chain::OfferResult::accept;
}

chain::ChunkResult FileApplication::apply_snapshot_chunk(std::uint32_t, ByteView chunk) {
    const std::lock_guard lock(mutex_);
    if (crypto::sha256(chunk) != offered_hash_) return chain::ChunkResult::retry;
    State state = state_of(as_string_view(chunk));
    if (hash_of(state) != offered_app_hash_) return chain::ChunkResult::reject_snapshot;
    committed_ = std::move(state);
    return chain::ChunkResult::accept;
}

std::vector<std::size_t> FileApplication::batches() const {
    const std::lock_guard lock(mutex_);
    return batches_;
}

std::vector<chain::BlockInfo> FileApplication::blocks() const {
    const std::lock_guard lock(mutex_);
    return blocks_;
}

} // namespace assay::consensus
