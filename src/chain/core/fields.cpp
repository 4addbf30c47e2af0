#include "chain/fields.h"

#include "base/assert.h"
#include "crypto/keccak.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace assay::chain {
namespace {

using codec::Value;
using crypto::Digest;

constexpr std::string_view kTypeKey = "@";

const void* place_of(const StructInfo::Field& field, const void* object) {
    return static_cast<const char*>(object) + field.offset;
}
void* place_of(const StructInfo::Field& field, void* object) { return static_cast<char*>(object) + field.offset; }

const StructInfo::Field* field_named(const StructInfo& info, std::string_view name) {
    const auto it = std::ranges::find(info.fields, name, &StructInfo::Field::name);
    return it == info.fields.end() ? nullptr : &*it;
}

std::unexpected<Error> named(std::string_view name, std::string_view what) {
    return fail(ErrorCode::malformed, "field '" + std::string(name) + "' " + std::string(what));
}

/// Why `key` is not the `expected` next one.
std::unexpected<Error> wrong_key(const StructInfo& info, std::string_view key, std::string_view expected) {
    if (field_named(info, key) == nullptr) return named(key, "is unknown");
    if (codec::CanonicalKeyLess{}(expected, key)) return named(expected, "is missing");
    return named(key, "comes twice or out of order");
}

Result<void> read_type_entry(const StructInfo& info, CborReader& in) {
    const std::string_view key = TRY(in.text());
    if (key != kTypeKey) return fail(ErrorCode::malformed, "message does not begin with its type, '@'");
    const std::string_view type = TRY(in.text());
    if (type != info.message_type) return named(kTypeKey, "is not " + std::string(info.message_type));
    return {};
}

Result<void> check_type_entry(const StructInfo& info, const Value& value) {
    if (info.message_type.empty()) return {};
    const Value* type = value.find(kTypeKey);
    if (type == nullptr || type->text() == nullptr || *type->text() != info.message_type)
        return named(kTypeKey, "is not " + std::string(info.message_type));
    return {};
}

} // namespace

StructInfo make_struct_info(std::string_view name, std::string_view message_type,
                            std::vector<StructInfo::Field> fields) {
    StructInfo info;
    info.name = name;
    info.message_type = message_type;
    info.fields = std::move(fields);
    info.canonical_order.resize(info.fields.size());
    std::iota(info.canonical_order.begin(), info.canonical_order.end(), std::size_t{0});
    std::ranges::sort(info.canonical_order, [&](std::size_t a, std::size_t b) {
        return codec::CanonicalKeyLess{}(info.fields[a].name, info.fields[b].name);
    });
    info.own_type = std::string(name) + "(";
    for (const StructInfo::Field& field : info.fields) {
        if (&field != info.fields.data()) info.own_type += ',';
        info.own_type += field.type->eip712_name() + " " + std::string(field.name);
    }
    info.own_type += ')';
    std::vector<const StructInfo*> nested;
    for (const StructInfo::Field& field : info.fields) {
        if (field.type->structure() != nullptr) collect_structs(*field.type->structure(), nested);
    }
    info.full_type = info.own_type;
    for (const StructInfo* other : nested) info.full_type += other->own_type;
    info.type_hash = crypto::keccak256(as_byte_view(info.full_type));
    return info;
}

void collect_structs(const StructInfo& info, std::vector<const StructInfo*>& found) {
    const auto at = std::ranges::lower_bound(found, info.name, {}, &StructInfo::name);
    if (at != found.end() && (*at)->name == info.name) return;
    found.insert(at, &info);
    for (const StructInfo::Field& field : info.fields) {
        if (field.type->structure() != nullptr) collect_structs(*field.type->structure(), found);
    }
}

void encode_struct(const StructInfo& info, const void* object, Bytes& out) {
    const bool is_message = !info.message_type.empty();
    append_map(out, info.fields.size() + (is_message ? 1 : 0));
    if (is_message) {
        append_text(out, kTypeKey);
        append_text(out, info.message_type);
    }
    for (const std::size_t index : info.canonical_order) {
        const StructInfo::Field& field = info.fields[index];
        append_text(out, field.name);
        field.type->encode(place_of(field, object), out);
    }
}

Result<void> decode_struct(const StructInfo& info, CborReader& in, void* object) {
    std::uint64_t entries = TRY(in.map());
    if (!info.message_type.empty()) {
        if (entries == 0) return fail(ErrorCode::malformed, "message has no type, '@'");
        TRY_VOID(read_type_entry(info, in));
        --entries;
    }
    return decode_fields(info, in, entries, object);
}

Result<void> decode_fields(const StructInfo& info, CborReader& in, std::uint64_t entries_left, void* object) {
    for (const std::size_t index : info.canonical_order) {
        const StructInfo::Field& field = info.fields[index];
        if (entries_left == 0) return named(field.name, "is missing");
        --entries_left;
        const std::string_view key = TRY(in.text());
        if (key != field.name) return wrong_key(info, key, field.name);
        auto done = field.type->decode(in, place_of(field, object));
        if (!done) return fail_in(field.name, std::move(done.error()));
    }
    if (entries_left == 0) return {};
    const std::string_view key = TRY(in.text());
    return named(key, field_named(info, key) == nullptr ? "is unknown" : "comes twice or out of order");
}

Value struct_to_value(const StructInfo& info, const void* object, ValueForm form) {
    Value::Map map;
    if (!info.message_type.empty()) map.emplace(kTypeKey, info.message_type);
    for (const StructInfo::Field& field : info.fields)
        map.emplace(field.name, field.type->to_value(place_of(field, object), form));
    return Value(std::move(map));
}

Result<void> struct_from_value(const StructInfo& info, const Value& value, void* object) {
    if (value.map() == nullptr) return fail(ErrorCode::malformed, std::string(info.name) + " is not a map");
    TRY_VOID(check_type_entry(info, value));
    for (const StructInfo::Field& field : info.fields) {
        const Value* entry = value.find(field.name);
        if (entry == nullptr) return named(field.name, "is missing");
        auto done = field.type->from_value(*entry, place_of(field, object));
        if (!done) return fail_in(field.name, std::move(done.error()));
    }
    for (const auto& [key, entry] : *value.map()) {
        const bool is_type = key == kTypeKey && !info.message_type.empty();
        if (!is_type && field_named(info, key) == nullptr) return named(key, "is unknown");
    }
    return {};
}

Digest hash_struct(const StructInfo& info, const void* object) {
    crypto::Keccak256 hash;
    hash.update(info.type_hash);
    for (const StructInfo::Field& field : info.fields) hash.update(field.type->eip712_word(place_of(field, object)));
    return hash.finish();
}

void decode_own_record(const StructInfo& info, ByteView bytes, void* object) {
    CborReader in(bytes);
    const auto done = decode_struct(info, in, object);
    if (done && in.at_end()) return;
    const std::string why = done ? "bytes after the record" : done.error().message;
    std::fprintf(stderr, "assay: the state is damaged: a record of %s does not decode: %s\n",
                 std::string(info.name).c_str(), why.c_str());
    ASSAY_ASSERT(!"a record of the state decodes");
}

void ListField::encode(const void* field, Bytes& out) const {
    const std::size_t count = size(field);
    append_list(out, count);
    for (std::size_t i = 0; i < count; ++i) element_.encode(at(field, i), out);
}

Result<void> ListField::decode(CborReader& in, void* field) const {
    const std::uint64_t count = TRY(in.list());
    clear(field);
    for (std::uint64_t i = 0; i < count; ++i) { // grows with what is there, not with what the head says
        auto done = element_.decode(in, append(field));
        if (!done) return fail_in("item " + std::to_string(i), std::move(done.error()));
    }
    return {};
}

Value ListField::to_value(const void* field, ValueForm form) const {
    Value::List items;
    for (std::size_t i = 0; i < size(field); ++i) items.push_back(element_.to_value(at(field, i), form));
    return Value(std::move(items));
}

Result<void> ListField::from_value(const Value& value, void* field) const {
    if (value.list() == nullptr) return fail(ErrorCode::malformed, "not a list");
    clear(field);
    for (const Value& item : *value.list()) {
        auto done = element_.from_value(item, append(field));
        if (!done) return fail_in("item " + std::to_string(size(field) - 1), std::move(done.error()));
    }
    return {};
}

Digest ListField::eip712_word(const void* field) const {
    crypto::Keccak256 hash;
    for (std::size_t i = 0; i < size(field); ++i) hash.update(element_.eip712_word(at(field, i)));
    return hash.finish();
}

} // namespace assay::chain
