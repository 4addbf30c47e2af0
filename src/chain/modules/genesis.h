#pragma once
/// Reading a module's part of the genesis document. For modules' genesis.cpp. Thread-safe; committed class.
#include "chain/message.h"
#include "chain/state/state.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace assay::chain {

/// A record of which people write only what differs from its defaults. Errors: malformed, naming the field.
template <FieldStruct T>
Result<T> from_partial(const codec::Value& value) {
    if (value.map() == nullptr) return fail(ErrorCode::malformed, "not a map");
    const codec::Value defaults = to_value(T{});
    codec::Value::Map whole = *defaults.map();
    for (const auto& [name, entry] : *value.map()) whole.insert_or_assign(name, entry);
    return from_value<T>(codec::Value(std::move(whole)));
}

/// Calls `take` with each record of the list `name`, which may be absent. Errors: malformed (no list, or an entry, named by
/// its place: "accounts[3]: …", also one that is too large for the state); whatever `take` returns, named likewise.
template <FieldStruct T>
Result<void> for_each_entry(const codec::Value& genesis, std::string_view name, auto&& take) {
    const codec::Value* entries = genesis.find(name);
    if (entries == nullptr) return {};
    if (entries->list() == nullptr) return fail(ErrorCode::malformed, std::string(name) + " is not a list");
    for (std::size_t i = 0; i < entries->list()->size(); ++i) {
        const std::string place = std::string(name) + "[" + std::to_string(i) + "]";
        auto record = from_partial<T>((*entries->list())[i]);
        if (!record) return fail_in(place, std::move(record.error()));
        if (encode_record(*record).size() > kStateValueBytesMax)
            return fail(ErrorCode::malformed, place + ": over " + std::to_string(kStateValueBytesMax) + " bytes");
        if (Result<void> taken = take(*record); !taken) return fail_in(place, std::move(taken.error()));
    }
    return {};
}

/// Errors: malformed (not a map; an entry of another name).
inline Result<void> check_genesis_names(const codec::Value& genesis, std::initializer_list<std::string_view> names) {
    if (genesis.map() == nullptr) return fail(ErrorCode::malformed, "genesis is not a map");
    for (const auto& [name, value] : *genesis.map()) {
        bool known = false;
        for (const std::string_view candidate : names) known = known || candidate == name;
        if (!known) return fail(ErrorCode::malformed, "genesis entry '" + name + "' is unknown");
    }
    return {};
}

} // namespace assay::chain
