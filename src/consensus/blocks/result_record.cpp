#include "consensus/blocks/result_record.h"

#include "chain/core/cbor.h"

#include <algorithm>
#include <limits>

namespace assay::consensus {
namespace {

using chain::CborReader;
using chain::Event;

constexpr std::uint64_t kParts = 4, kTransactionParts = 5, kUpdateParts = 2;

void append_events(Bytes& out, const std::vector<Event>& events) {
    chain::append_list(out, events.size());
    for (const Event& event : events) {
        chain::append_list(out, 1 + 2 * event.attributes.size());
        chain::append_text(out, event.type);
        for (const auto& [name, value] : event.attributes) {
            chain::append_text(out, name);
            chain::append_text(out, value);
        }
    }
}

Result<std::vector<Event>> read_events(CborReader& in) {
    std::vector<Event> events(TRY(in.list()));
    for (Event& event : events) {
        const std::uint64_t parts = TRY(in.list());
        if (parts % 2 != 1) return fail(ErrorCode::malformed, "event: not a type and pairs");
        event.type = TRY(in.text());
        for (std::uint64_t i = 1; i < parts; i += 2) {
            std::string name(TRY(in.text()));
            event.attributes.emplace_back(std::move(name), TRY(in.text()));
        }
    }
    return events;
}

Result<void> expect_list(CborReader& in, std::uint64_t items, std::string_view what) {
    if (TRY(in.list()) != items) return fail(ErrorCode::malformed, std::string(what) + " has another number of parts");
    return {};
}

template <std::size_t N>
Result<void> read_array(CborReader& in, std::array<std::uint8_t, N>& out) {
    const ByteView bytes = TRY(in.bytes());
    if (bytes.size() != N) return fail(ErrorCode::malformed, "not " + std::to_string(N) + " bytes");
    std::ranges::copy(bytes, out.begin());
    return {};
}

Result<chain::TxResult> read_transaction(CborReader& in) {
    TRY_VOID(expect_list(in, kTransactionParts, "transaction"));
    chain::TxResult result;
    const std::uint64_t code = TRY(in.unsigned_integer());
    if (code > std::numeric_limits<std::uint32_t>::max()) return fail(ErrorCode::malformed, "code is out of range");
    result.code = static_cast<chain::TxCode>(code);
    result.log = TRY(in.text());
    result.gas_wanted = TRY(in.unsigned_integer());
    result.gas_used = TRY(in.unsigned_integer());
    result.events = TRY(read_events(in));
    return result;
}

Result<chain::BlockResult> read_result(CborReader& in) {
    TRY_VOID(expect_list(in, kParts, "result"));
    chain::BlockResult result;
    TRY_VOID(read_array(in, result.app_hash));
    const std::uint64_t transactions = TRY(in.list());
    for (std::uint64_t i = 0; i < transactions; ++i) result.transactions.push_back(TRY(read_transaction(in)));
    result.events = TRY(read_events(in));
    const std::uint64_t updates = TRY(in.list());
    for (std::uint64_t i = 0; i < updates; ++i) {
        TRY_VOID(expect_list(in, kUpdateParts, "validator update"));
        chain::ValidatorUpdate update;
        TRY_VOID(read_array(in, update.public_key));
        update.power = TRY(in.unsigned_integer());
        result.validator_updates.push_back(update);
    }
    if (!in.at_end()) return fail(ErrorCode::malformed, "bytes after it");
    return result;
}

} // namespace

Bytes encode_result(const chain::BlockResult& result) {
    Bytes out;
    chain::append_list(out, kParts);
    chain::append_bytes(out, result.app_hash);
    chain::append_list(out, result.transactions.size());
    for (const chain::TxResult& transaction : result.transactions) {
        chain::append_list(out, kTransactionParts);
        chain::append_unsigned(out, static_cast<std::uint64_t>(transaction.code));
        chain::append_text(out, transaction.log);
        chain::append_unsigned(out, transaction.gas_wanted);
        chain::append_unsigned(out, transaction.gas_used);
        append_events(out, transaction.events);
    }
    append_events(out, result.events);
    chain::append_list(out, result.validator_updates.size());
    for (const chain::ValidatorUpdate& update : result.validator_updates) {
        chain::append_list(out, kUpdateParts);
        chain::append_bytes(out, update.public_key);
        chain::append_unsigned(out, update.power);
    }
    return out;
}

Result<chain::BlockResult> decode_result(ByteView bytes) {
    CborReader in(bytes);
    auto result = read_result(in);
    if (!result) return fail_in("block result", std::move(result.error()));
    return result;
}

Bytes encode_events(const std::vector<Event>& events) {
    Bytes out;
    append_events(out, events);
    return out;
}

Result<std::vector<Event>> decode_events(ByteView bytes) {
    CborReader in(bytes);
    auto events = read_events(in);
    if (events && !in.at_end()) return fail(ErrorCode::malformed, "events: bytes after them");
    return events;
}

} // namespace assay::consensus
