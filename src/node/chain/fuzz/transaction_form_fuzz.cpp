/// What a client may send as transactions: the first byte says what the rest is. A form in JSON (odd) is refused or becomes a
/// body that can be signed and reads back; a sequence (even) is refused or cut into parts that make it up.
#include "base/assert.h"
#include "chain/modules/modules.h"
#include "node/chain/chain_json.h"
#include "node/chain/transaction_form.h"
#include "node/chain/transaction_sequence.h"

#include <algorithm>

namespace {

using namespace assay;
using namespace assay::node;

const chain::MessageRegistry& messages() {
    static const chain::MessageRegistry registry = [] {
        chain::MessageRegistry made;
        for (const auto& module : chain::make_modules().modules) module->register_messages(made);
        return made;
    }();
    return registry;
}

void check_form(std::string_view json) {
    (void)sender_of_form(json);
    const auto body = body_from_form(json, messages(), {.chain = 1, .nonce = 2, .expiry = 3, .gas_price = {}});
    if (!body) return;
    (void)chain::signing_digest(*body);
    const auto again = body_from_complete_form(body_json(*body).dump(), messages());
    ASSAY_ASSERT(again.has_value() && chain::signing_digest(*again) == chain::signing_digest(*body));
    ASSAY_ASSERT(chain::encode_transaction(*again, {}) == chain::encode_transaction(*body, {}));
}

void check_sequence(ByteView bytes) {
    const auto parts = split_sequence(bytes);
    if (!parts) return;
    Bytes whole;
    for (const Bytes& part : *parts) {
        ASSAY_ASSERT(!part.empty());
        whole.insert(whole.end(), part.begin(), part.end());
        const auto transaction = chain::decode_transaction(part, messages());
        if (transaction) (void)chain::typed_data_json(transaction->body);
    }
    ASSAY_ASSERT(std::ranges::equal(whole, bytes));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView rest(data + 1, size - 1);
    if (data[0] % 2 == 1) check_form(as_string_view(rest));
    else check_sequence(rest);
    return 0;
}
