#include "node/chain/node_light_source.h"

#include "chain/modules/bank/state.h"

#include <algorithm>

namespace assay::node {
namespace {

namespace bank = chain::bank;

crypto::Address address_at(ByteView key, std::size_t at) {
    crypto::Address address;
    std::ranges::copy(key.subspan(at, address.bytes.size()), address.bytes.begin());
    return address;
}

std::unexpected<Error> lacking(const std::string& url, const char* member) {
    return fail(ErrorCode::malformed, url + ": the answer has no '" + member + "' that can be read");
}

} // namespace

Result<std::uint64_t> NodeLightSource::height() const {
    const ChainJson status = TRY(client_.get("/chain/status"));
    if (!status.is_object() || !status.contains("height") || !status["height"].is_number_unsigned())
        return lacking(url(), "height");
    return status["height"].get<std::uint64_t>();
}

Result<std::string> NodeLightSource::light_block(std::uint64_t height) const {
    return TRY(client_.get("/chain/headers/" + std::to_string(height))).dump();
}

Result<consensus::ProvenValue> NodeLightSource::prove(std::string_view module, ByteView key,
                                                      std::optional<std::uint64_t> height) const {
    std::string path = "/chain/query/store/" + percent_encode(module) + "/key?prove=true&key=0x" + to_hex(key);
    if (height) path += "&height=" + std::to_string(*height);
    const ChainJson answer = TRY(client_.get(path));
    for (const char* member : {"height", "value", "proof"}) {
        if (!answer.is_object() || !answer.contains(member)) return lacking(url(), member);
    }
    if (!answer["height"].is_number_unsigned()) return lacking(url(), "height");
    if (!answer["proof"].is_string()) return lacking(url(), "proof");
    consensus::ProvenValue proven{.height = answer["height"].get<std::uint64_t>(), .value = {}, .proof = {}};
    auto proof = from_hex(answer["proof"].get<std::string>());
    if (!proof) return lacking(url(), "proof");
    proven.proof = std::move(*proof);
    if (answer["value"].is_null()) return proven;
    auto value = answer["value"].is_string() ? from_hex(answer["value"].get<std::string>())
                                             : Result<Bytes>(lacking(url(), "value"));
    if (!value) return lacking(url(), "value");
    proven.value = std::move(*value);
    return proven;
}

Bytes balance_key(const std::optional<crypto::Address>& token, const crypto::Address& account) {
    const auto bytes = [](const auto& key) {
        const ByteView view(key);
        return Bytes(view.begin(), view.end());
    };
    return token && *token != chain::kNativeToken ? bytes(bank::balance_key(*token, account))
                                                  : bytes(bank::account_key(account));
}

ChainJson balance_of(std::string_view module, ByteView key, const std::optional<Bytes>& value) {
    constexpr std::size_t kTokenKeyBytes = 1 + 2 * bank::kAddressBytes;
    if (module != "bank" || key.empty()) return nullptr;
    if (key[0] == bank::kAccounts && key.size() == 1 + bank::kAddressBytes) {
        if (value && value->size() != bank::kAccountBytes) return nullptr;
        const auto account = value ? bank::decode_account(*value) : chain::AccountsPort::Account{};
        return {{"address", crypto::to_string(address_at(key, 1))},
                {"token", crypto::to_string(chain::kNativeToken)},
                {"balance", chain::to_string(account.balance)},
                {"nonce", account.nonce}};
    }
    if (key[0] == bank::kBalances && key.size() == kTokenKeyBytes) {
        if (value && value->size() != bank::kAmountBytes) return nullptr;
        const auto amount = value ? bank::decode_amount(*value) : chain::Amount();
        return {{"address", crypto::to_string(address_at(key, 1 + bank::kAddressBytes))},
                {"token", crypto::to_string(address_at(key, 1))},
                {"balance", chain::to_string(amount)}};
    }
    return nullptr;
}

} // namespace assay::node
