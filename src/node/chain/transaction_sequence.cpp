#include "node/chain/transaction_sequence.h"

#include "chain/core/ethereum_transaction.h"

namespace assay::node {
namespace {

/// Length of the CBOR item at the front: the heads are followed, so that an item's end is found without keeping it.
Result<std::size_t> item_bytes(ByteView in) {
    std::size_t at = 0;
    std::uint64_t left = 1; // items still to come
    while (left > 0) {
        if (at >= in.size()) return fail(ErrorCode::malformed, "ends within an item");
        const unsigned major = in[at] >> 5, info = in[at] & 31;
        std::uint64_t argument = info;
        std::size_t extra = 0;
        if (info >= 24) {
            if (info > 27) return fail(ErrorCode::malformed, "head " + std::to_string(in[at]) + " is not allowed");
            extra = std::size_t{1} << (info - 24);
            if (in.size() - at - 1 < extra) return fail(ErrorCode::malformed, "ends within a head");
            argument = 0;
            for (std::size_t i = 0; i < extra; ++i) argument = argument << 8 | in[at + 1 + i];
        }
        at += 1 + extra;
        --left;
        if (major == 2 || major == 3) {
            if (in.size() - at < argument) return fail(ErrorCode::malformed, "ends within a string");
            at += static_cast<std::size_t>(argument);
        } else if (major == 4 || major == 5) {
            if (argument > in.size() - at) return fail(ErrorCode::malformed, "claims more items than there are bytes");
            left += major == 4 ? argument : 2 * argument;
        } else if (major == 6) {
            ++left;
        }
    }
    return at;
}

/// Length of the transaction at the front: this chain's, or an Ethereum wallet's, whose RLP is no CBOR.
Result<std::size_t> transaction_bytes(ByteView in) {
    if (!chain::is_ethereum_transaction(in)) return item_bytes(in);
    const std::size_t head = in[0] < 0xc0 ? 1 : 0; // a typed one has its type before the list
    if (in.size() <= head || in[head] < 0xc0)
        return fail(ErrorCode::malformed, "an Ethereum transaction without its list");
    const std::size_t extra = in[head] > 0xf7 ? in[head] - 0xf7u : 0;
    std::uint64_t content = extra == 0 ? in[head] - 0xc0u : 0;
    if (in.size() - head - 1 < extra) return fail(ErrorCode::malformed, "ends within a head");
    for (std::size_t i = 0; i < extra; ++i) content = content << 8 | in[head + 1 + i];
    const std::size_t begin = head + 1 + extra;
    if (content > in.size() - begin) return fail(ErrorCode::malformed, "ends within an Ethereum transaction");
    return begin + static_cast<std::size_t>(content);
}

} // namespace

Result<std::vector<Bytes>> split_sequence(ByteView sequence) {
    std::vector<Bytes> parts;
    std::size_t at = 0;
    while (at < sequence.size()) {
        if (parts.size() >= kSequenceTransactionsMax) {
            return fail(ErrorCode::resource_exhausted,
                        "over " + std::to_string(kSequenceTransactionsMax) + " transactions in one request");
        }
        const auto size = transaction_bytes(sequence.subspan(at));
        if (!size) return fail_in("transaction at byte " + std::to_string(at), size.error());
        parts.emplace_back(sequence.begin() + static_cast<std::ptrdiff_t>(at),
                           sequence.begin() + static_cast<std::ptrdiff_t>(at + *size));
        at += *size;
    }
    if (parts.empty()) return fail(ErrorCode::malformed, "the body has no transaction");
    return parts;
}

} // namespace assay::node
