/// Any question to a chain: a path, a line feed and arguments as DAG-JSON. What is answered can be written as DAG-CBOR, and a
/// proof verifies; everything else is refused.
#include "base/assert.h"
#include "chain/chain_application.h"
#include "chain/genesis.h"
#include "chain/state/proof.h"
#include "codec/dag_json.h"
#include "storage/memory_database.h"

namespace {

using namespace assay;
using namespace assay::chain;

constexpr codec::DecodeLimits kLimits{.size_max = 1 << 16, .items_max = 1 << 12};

/// A chain at height 1 with two accounts and a validator.
class Chain {
public:
    Chain() {
        application_ = *ChainApplication::create(database_, make_modules(), {.threads = 1});
        DevelopmentGenesis choice;
        choice.time_ms = 1'700'000'000'000;
        for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
            Address address;
            address.bytes.fill(number);
            choice.accounts.push_back(address);
        }
        choice.validators.push_back({.account = choice.accounts[0], .public_key = {5}, .name = "one"});
        const GenesisDocument document = make_development_genesis(choice);
        GenesisRequest genesis;
        genesis.chain_id = document.chain_id;
        genesis.time_ms = document.time_ms;
        genesis.app_state = document.modules;
        ASSAY_ASSERT(application_->init_chain(genesis).has_value());
        BlockInfo block;
        block.chain_id = document.chain_id;
        block.height = 1;
        block.time_ms = document.time_ms + 1000;
        ASSAY_ASSERT(application_->finalize_block(block, {}).has_value());
        ASSAY_ASSERT(application_->commit().has_value());
    }
    const ChainApplication& operator*() const { return *application_; }

private:
    storage::MemoryDatabase database_;
    std::unique_ptr<ChainApplication> application_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Chain chain;
    const std::string_view input = as_string_view(ByteView(data, size));
    const std::string_view path = input.substr(0, input.find('\n'));
    if (path.size() == input.size()) return 0;
    auto arguments = codec::decode_dag_json(input.substr(path.size() + 1), kLimits);
    if (!arguments) return 0;
    const QueryRequest request{
        .path = std::string(path), .arguments = std::move(*arguments), .prove = path.starts_with("/store/")};
    const auto answer = (*chain).query(request);
    if (!answer) {
        ASSAY_ASSERT(!answer.error().message.empty());
        return 0;
    }
    ASSAY_ASSERT(codec::encode_dag_cbor(answer->value).has_value());
    if (!request.prove) return 0;
    const std::string_view module = path.substr(7, path.find('/', 7) - 7);
    const Bytes& key = *request.arguments.find("key")->bytes();
    const Bytes* value = answer->value.bytes();
    ASSAY_ASSERT(verify_state_proof((*chain).info().app_hash, module, key,
                                    value ? std::optional<ByteView>(*value) : std::nullopt, answer->proof));
    return 0;
}
