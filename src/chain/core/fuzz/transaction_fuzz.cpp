/// Any bytes: a transaction that decodes encodes to the same bytes, equals what the general codec reads, and has a digest.
#include "base/assert.h"
#include "chain/core/transaction_test_messages.h"
#include "chain/transaction.h"
#include "codec/dag_cbor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay;
    static const chain::MessageRegistry registry = chain::testing::make_registry();
    const ByteView wire(data, size);
    const auto transaction = chain::decode_transaction(wire, registry);
    if (!transaction) return 0;
    ASSAY_ASSERT(transaction->size_bytes == size && transaction->hash == crypto::sha256(wire));
    if (transaction->sender_recovered) return 0; // of Ethereum's: it has no other form here
    const Bytes again = chain::encode_transaction(transaction->body, transaction->signature);
    ASSAY_ASSERT(ByteView(again).size() == size && std::equal(again.begin(), again.end(), data));
    const auto outer = codec::decode_dag_cbor(wire);
    ASSAY_ASSERT(outer.has_value() && codec::decode_dag_cbor(*outer->list()->at(0).bytes()).has_value());
    for (const auto& message : transaction->body.messages) {
        const auto readable = registry.decode(message->to_readable());
        ASSAY_ASSERT(readable.has_value() && (*readable)->struct_hash() == message->struct_hash());
    }
    ASSAY_ASSERT(!chain::typed_data_json(transaction->body).empty());
    (void)chain::signing_digest(transaction->body);
    return 0;
}
