#include "chain/transaction.h"

#include "chain/core/transaction_test_messages.h"
#include "codec/dag_cbor.h"
#include "codec/golden_file.h"
#include "crypto/secp256k1.h"

#include <gtest/gtest.h>

namespace assay::chain {
namespace {

using codec::Value;
using testing::make_registry;

struct Golden {
    std::string name, signer, digest, hash;
    Bytes wire;
    std::string document;
};

std::vector<Golden> golden() {
    std::vector<Golden> all;
    for (const auto& row : codec::golden_rows("chain/transactions.tsv"))
        all.push_back({row.at(0), row.at(1), row.at(2), row.at(3), from_hex(row.at(4)).value(), row.at(5)});
    return all;
}

/// Wire forms by ipld/dag-cbor, digests and signatures by ethers and viem over the very document.
TEST(Transaction, EqualsWhatEthersAndViemSigned) {
    const MessageRegistry registry = make_registry();
    ASSERT_GE(golden().size(), 30u);
    for (const Golden& expected : golden()) {
        const auto transaction = decode_transaction(expected.wire, registry);
        ASSERT_TRUE(transaction) << expected.name << ": " << transaction.error().message;
        EXPECT_EQ(to_string(transaction->body.from), expected.signer) << expected.name;
        EXPECT_EQ(to_hex(transaction->hash), expected.hash) << expected.name;
        EXPECT_EQ(to_hex(signing_digest(transaction->body)), expected.digest) << expected.name;
        EXPECT_EQ(typed_data_json(transaction->body), expected.document) << expected.name;
        EXPECT_EQ(encode_transaction(transaction->body, transaction->signature), expected.wire) << expected.name;
        EXPECT_TRUE(check_signature(*transaction)) << expected.name;
    }
}

std::string decode_error(ByteView wire) {
    const MessageRegistry registry = make_registry();
    const auto transaction = decode_transaction(wire, registry);
    return transaction ? "" : transaction.error().message;
}

/// The first golden transaction with one entry of its body replaced, or removed where `entry` is null.
Bytes with_entry(std::string_view name, const Value& entry) {
    const Value outer = codec::decode_dag_cbor(golden()[0].wire).value();
    Value::Map body = *codec::decode_dag_cbor(*outer.list()->at(0).bytes()).value().map();
    if (entry.is_null()) body.erase(body.find(name));
    else body.insert_or_assign(std::string(name), entry);
    const Bytes body_bytes = codec::encode_dag_cbor(Value(body)).value();
    return codec::encode_dag_cbor(Value(Value::List{Value(body_bytes), outer.list()->at(1)})).value();
}

TEST(Transaction, RefusesWhatIsMalformedByName) {
    EXPECT_EQ(decode_error({}), "transaction is not a list of body and signature");
    EXPECT_EQ(decode_error(Bytes{0x83, 0x40, 0x40, 0x40}), "transaction is not a list of body and signature");
    EXPECT_EQ(decode_error(Bytes{0x82, 0x01, 0x40}), "transaction body: an integer instead of bytes");
    EXPECT_EQ(decode_error(Bytes{0x82, 0x40, 0x40}), "transaction signature: 0 bytes instead of 65 (r, s, v)");
    EXPECT_EQ(decode_error(Bytes{0x82, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
              "transaction body: truncated");
    EXPECT_EQ(decode_error(Bytes(kTransactionBytesMax + 1)),
              "transaction has 1048577 bytes, above the limit of 1048576");
    EXPECT_EQ(decode_error(with_entry("nonce", Value())), "transaction body: body has not its 8 entries");
    EXPECT_EQ(decode_error(with_entry("nonce", -1)), "transaction body: nonce: negative");
    EXPECT_EQ(decode_error(with_entry("fee", Bytes{0, 1})), "transaction body: fee: amount begins with a zero byte");
    EXPECT_EQ(decode_error(with_entry("fee", Bytes(17, 1))), "transaction body: fee: amount has more than 16 bytes");
    EXPECT_EQ(decode_error(with_entry("from", Bytes(21))), "transaction body: from: an address has 20 bytes");
    EXPECT_EQ(decode_error(with_entry("memo", std::string(257, 'x'))),
              "transaction body: memo: 257 bytes, above the limit of 256");
    EXPECT_EQ(decode_error(with_entry("msgs", Value::List{})), "transaction body: msgs: no message");
    EXPECT_EQ(decode_error(with_entry("msgs", Value::List(65, 1))),
              "transaction body: msgs: 65 messages, above the limit of 64");
    EXPECT_EQ(decode_error(with_entry("msgs", Value::List{Value::Map{{"@", "bank/none"}}})),
              "transaction body: msgs: message 1: message type 'bank/none' is unknown");
    EXPECT_EQ(decode_error(with_entry("msgs", Value::List{Value::Map{{"to", "x"}}})),
              "transaction body: msgs: message 1: message does not begin with its type, '@'");
}

TEST(Transaction, NamesSizeAndUnknownMessagesByCode) {
    const MessageRegistry registry = make_registry();
    const auto code = [&](const Bytes& wire) { return decode_transaction(wire, registry).error().code; };
    EXPECT_EQ(code(Bytes(kTransactionBytesMax + 1)), ErrorCode::resource_exhausted);
    EXPECT_EQ(code(with_entry("msgs", Value::List{Value::Map{{"@", "bank/none"}}})), ErrorCode::unsupported);
    EXPECT_EQ(code(with_entry("gas", "1")), ErrorCode::malformed);
}

/// Every prefix and every single changed byte is refused, or is another transaction whose signature fails.
TEST(Transaction, NoOtherBytesPassForIt) {
    const MessageRegistry registry = make_registry();
    const Bytes wire = golden()[0].wire;
    for (std::size_t size = 0; size < wire.size(); ++size)
        ASSERT_FALSE(decode_transaction(ByteView(wire).first(size), registry)) << size;
    for (std::size_t i = 0; i < wire.size(); ++i) {
        for (const unsigned flip : {0x01U, 0x20U, 0x80U}) {
            Bytes changed = wire;
            changed[i] = static_cast<std::uint8_t>(changed[i] ^ flip);
            const auto transaction = decode_transaction(changed, registry);
            ASSERT_TRUE(!transaction || !check_signature(*transaction)) << i;
            if (!transaction) continue;
            ASSERT_EQ(encode_transaction(transaction->body, transaction->signature), changed);
        }
    }
    Bytes longer = wire;
    longer.push_back(0);
    EXPECT_EQ(decode_error(longer), "transaction: bytes after it");
}

TEST(Signature, IsRefusedByName) {
    const MessageRegistry registry = make_registry();
    const Transaction good = decode_transaction(golden()[0].wire, registry).value();
    const auto error_of = [](const Transaction& transaction) { return check_signature(transaction).error(); };
    Transaction bad = good;
    bad.signature[64] = 0;
    EXPECT_EQ(error_of(bad).message, "signature: v is 0 instead of 27 or 28");
    bad = good;
    bad.body.chain += 1;
    EXPECT_EQ(error_of(bad).code, ErrorCode::invalid_argument);
    EXPECT_NE(error_of(bad).message.find(to_string(good.body.from)), std::string::npos);
    bad = good;
    bad.signature.fill(0xff);
    bad.signature[64] = 27;
    EXPECT_EQ(error_of(bad).code, ErrorCode::malformed);
    Bytes order = from_hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").value();
    bad = good;
    int borrow = 0; // s := order - s, the other signature of the same key over the same digest
    for (int i = 31; i >= 0; --i) {
        const int digit =
            order[static_cast<std::size_t>(i)] - good.signature[static_cast<std::size_t>(32 + i)] - borrow;
        borrow = digit < 0 ? 1 : 0;
        bad.signature[static_cast<std::size_t>(32 + i)] = static_cast<std::uint8_t>(digit + 256 * borrow);
    }
    bad.signature[64] = good.signature[64] == 27 ? 28 : 27;
    EXPECT_NE(error_of(bad).message.find("high s"), std::string::npos);
}

TEST(Signature, SignsWhatIsBuiltHere) {
    const auto key = crypto::SecretKey::from_bytes(Bytes(32, 7)).value();
    TransactionBody body;
    body.chain = 5, body.from = key.address(), body.nonce = 3, body.expiry = 10, body.gas = 100;
    body.messages = {make_message(testing::Transfer{}), make_message(testing::Everything{})};
    const Bytes wire = encode_transaction(body, key.sign(signing_digest(body)));
    const MessageRegistry registry = make_registry();
    const auto transaction = decode_transaction(wire, registry);
    ASSERT_TRUE(transaction) << transaction.error().message;
    EXPECT_TRUE(check_signature(*transaction));
}

} // namespace
} // namespace assay::chain
