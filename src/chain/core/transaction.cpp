#include "chain/transaction.h"

#include "chain/core/ethereum_transaction.h"
#include "crypto/secp256k1.h"

#include <algorithm>

namespace assay::chain {
namespace {

constexpr std::uint64_t kBodyEntries = 8;
constexpr std::size_t kSignatureBytes = 65;

/// The body's entries in canonical order, each preceded by its key.
class BodyReader {
public:
    BodyReader(ByteView bytes, const MessageRegistry& registry) : in_(bytes), registry_(registry) {}

    Result<TransactionBody> read() {
        if (TRY(in_.map()) != kBodyEntries) return fail(ErrorCode::malformed, "body has not its 8 entries");
        TransactionBody body;
        TRY_VOID(entry("fee", [&] { return amount(body.fee); }));
        TRY_VOID(entry("gas", [&] { return number(body.gas); }));
        TRY_VOID(entry("from", [&] { return address(body.from); }));
        TRY_VOID(entry("memo", [&] { return memo(body.memo); }));
        TRY_VOID(entry("msgs", [&] { return messages(body.messages); }));
        TRY_VOID(entry("chain", [&] { return number(body.chain); }));
        TRY_VOID(entry("nonce", [&] { return number(body.nonce); }));
        TRY_VOID(entry("expiry", [&] { return number(body.expiry); }));
        if (!in_.at_end()) return fail(ErrorCode::malformed, "bytes after the body");
        return body;
    }

private:
    template <class Read>
    Result<void> entry(std::string_view name, Read read) {
        const std::string_view key = TRY(in_.text());
        if (key != name) {
            return fail(ErrorCode::malformed,
                        "entry '" + std::string(key.substr(0, 32)) + "' where '" + std::string(name) + "' belongs");
        }
        auto done = read();
        if (!done) return fail_in(name, std::move(done.error()));
        return {};
    }

    Result<void> number(std::uint64_t& out) {
        out = TRY(in_.unsigned_integer());
        return {};
    }

    Result<void> amount(Amount& out) {
        const ByteView bytes = TRY(in_.bytes());
        out = TRY(amount_from_bytes(bytes));
        return {};
    }

    Result<void> address(Address& out) {
        const ByteView bytes = TRY(in_.bytes());
        if (bytes.size() != out.bytes.size()) return fail(ErrorCode::malformed, "an address has 20 bytes");
        std::ranges::copy(bytes, out.bytes.begin());
        return {};
    }

    Result<void> memo(std::string& out) {
        const std::string_view text = TRY(in_.text());
        if (text.size() > kMemoBytesMax) {
            return fail(ErrorCode::resource_exhausted,
                        std::to_string(text.size()) + " bytes, above the limit of " + std::to_string(kMemoBytesMax));
        }
        out = text;
        return {};
    }

    Result<void> messages(std::vector<std::shared_ptr<const AnyMessage>>& out) {
        const std::uint64_t count = TRY(in_.list());
        if (count == 0) return fail(ErrorCode::malformed, "no message");
        if (count > kMessagesMax) {
            return fail(ErrorCode::resource_exhausted,
                        std::to_string(count) + " messages, above the limit of " + std::to_string(kMessagesMax));
        }
        out.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            auto message = registry_.decode(in_);
            if (!message) return fail_in("message " + std::to_string(i + 1), std::move(message.error()));
            out.push_back(std::move(*message));
        }
        return {};
    }

    CborReader in_;
    const MessageRegistry& registry_;
};

void append_entry(Bytes& out, std::string_view name, std::uint64_t value) {
    append_text(out, name);
    append_unsigned(out, value);
}

Bytes encode_body(const TransactionBody& body) {
    Bytes out;
    append_map(out, kBodyEntries);
    append_text(out, "fee");
    append_bytes(out, to_bytes(body.fee));
    append_entry(out, "gas", body.gas);
    append_text(out, "from");
    append_bytes(out, body.from.bytes);
    append_text(out, "memo");
    append_text(out, body.memo);
    append_text(out, "msgs");
    append_list(out, body.messages.size());
    for (const auto& message : body.messages) message->encode(out);
    append_entry(out, "chain", body.chain);
    append_entry(out, "nonce", body.nonce);
    append_entry(out, "expiry", body.expiry);
    return out;
}

} // namespace

Result<Transaction> decode_transaction(ByteView wire, const MessageRegistry& registry) {
    if (wire.size() > kTransactionBytesMax) {
        return fail(ErrorCode::resource_exhausted, "transaction has " + std::to_string(wire.size()) +
                                                       " bytes, above the limit of " +
                                                       std::to_string(kTransactionBytesMax));
    }
    if (is_ethereum_transaction(wire)) return decode_ethereum_transaction(wire, registry);
    CborReader in(wire);
    const auto items = in.list();
    if (!items || *items != 2) return fail(ErrorCode::malformed, "transaction is not a list of body and signature");
    const auto body_bytes = in.bytes();
    if (!body_bytes) return fail_in("transaction body", body_bytes.error());
    const auto signature = in.bytes();
    if (!signature) return fail_in("transaction signature", signature.error());
    if (signature->size() != kSignatureBytes) {
        return fail(ErrorCode::malformed,
                    "transaction signature: " + std::to_string(signature->size()) + " bytes instead of 65 (r, s, v)");
    }
    if (!in.at_end()) return fail(ErrorCode::malformed, "transaction: bytes after it");
    auto body = BodyReader(*body_bytes, registry).read();
    if (!body) return fail_in("transaction body", std::move(body.error()));
    Transaction transaction;
    transaction.body = std::move(*body);
    std::ranges::copy(*signature, transaction.signature.begin());
    transaction.hash = crypto::sha256(wire);
    transaction.size_bytes = wire.size();
    return transaction;
}

Result<void> check_signature(const Transaction& transaction) {
    if (transaction.sender_recovered) return {};
    const std::uint8_t v = transaction.signature.back();
    if (v != 27 && v != 28) // one form only, or anybody could give a transaction a second hash
        return fail(ErrorCode::malformed, "signature: v is " + std::to_string(v) + " instead of 27 or 28");
    const Address signer = TRY(crypto::recover(signing_digest(transaction.body), transaction.signature));
    if (signer == transaction.body.from) return {};
    return fail(ErrorCode::invalid_argument, "signature: made by " + to_string(signer) +
                                                 " over these contents, not by " + to_string(transaction.body.from) +
                                                 "; was another chain or content signed?");
}

Bytes encode_transaction(const TransactionBody& body, const std::array<std::uint8_t, 65>& signature) {
    Bytes out;
    append_list(out, 2);
    append_bytes(out, encode_body(body));
    append_bytes(out, signature);
    return out;
}

} // namespace assay::chain
