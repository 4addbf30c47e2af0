/// Any bytes: a transaction that decodes encodes to the same bytes, equals what the general codec reads, and has a digest.
#include "base/assert.h"
#include "chain/core/transaction_test_messages.h"
#include "chain/modules/modules.h"
#include "chain/transaction.h"
#include "codec/dag_cbor.h"

#include <algorithm>

namespace {

using namespace assay;

chain::MessageRegistry modules_registry() {
    chain::MessageRegistry registry;
    for (const auto& module : chain::make_modules().modules) module->register_messages(registry);
    return registry;
}

void check(ByteView wire, const chain::MessageRegistry& registry) {
    const auto transaction = chain::decode_transaction(wire, registry);
    if (!transaction) return;
    ASSAY_ASSERT(transaction->size_bytes == wire.size() && transaction->hash == crypto::sha256(wire));
    if (transaction->sender_recovered) return; // of Ethereum's: it has no other form here
    const Bytes again = chain::encode_transaction(transaction->body, transaction->signature);
    ASSAY_ASSERT(std::ranges::equal(again, wire));
    const auto outer = codec::decode_dag_cbor(wire);
    ASSAY_ASSERT(outer.has_value() && codec::decode_dag_cbor(*outer->list()->at(0).bytes()).has_value());
    for (const auto& message : transaction->body.messages) {
        const auto readable = registry.decode(message->to_readable());
        ASSAY_ASSERT(readable.has_value() && (*readable)->struct_hash() == message->struct_hash());
    }
    ASSAY_ASSERT(!chain::typed_data_json(transaction->body).empty());
    (void)chain::signing_digest(transaction->body);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const chain::MessageRegistry every_field = chain::testing::make_registry(), modules = modules_registry();
    check({data, size}, every_field);
    check({data, size}, modules);
    return 0;
}
