#include "chain/message.h"

#include "base/assert.h"

namespace assay::chain {
namespace {

StructType struct_type(const StructInfo& info) {
    StructType type{std::string(info.name), {}};
    for (const StructInfo::Field& field : info.fields)
        type.members.emplace_back(field.type->eip712_name(), std::string(field.name));
    return type;
}

} // namespace

void MessageRegistry::add_entry(std::string_view type, std::shared_ptr<const Entry> entry) {
    std::vector<const StructInfo*> structs;
    collect_structs(*entry->info, structs);
    for (const StructInfo* info : structs) { // one transaction may hold messages of several modules
        const auto [it, is_first] = structs_.emplace(info->name, info->own_type);
        ASSAY_ASSERT(is_first || it->second == info->own_type);
        ASSAY_ASSERT(info->name != "Transaction" && info->name != "EIP712Domain");
    }
    const bool is_new = entries_.emplace(type, std::move(entry)).second;
    ASSAY_ASSERT(is_new);
}

Result<const MessageRegistry::Entry*> MessageRegistry::entry_of(std::string_view type) const {
    const auto it = entries_.find(type);
    if (it != entries_.end()) return it->second.get();
    return fail(ErrorCode::unsupported, "message type '" + std::string(type.substr(0, 64)) + "' is unknown");
}

Result<std::shared_ptr<const AnyMessage>> MessageRegistry::decode(const codec::Value& value) const {
    if (value.map() == nullptr) return fail(ErrorCode::malformed, "message is not a map");
    const codec::Value* type = value.find("@");
    if (type == nullptr || type->text() == nullptr)
        return fail(ErrorCode::malformed, "message has no type: a text named '@'");
    const Entry* entry = TRY(entry_of(*type->text()));
    auto [message, fields] = entry->make();
    auto done = struct_from_value(*entry->info, value, fields);
    if (!done) return fail_in(*type->text(), std::move(done.error()));
    return message;
}

Result<std::shared_ptr<const AnyMessage>> MessageRegistry::decode(CborReader& in) const {
    const std::uint64_t entries = TRY(in.map());
    if (entries == 0 || TRY(in.text()) != "@")
        return fail(ErrorCode::malformed, "message does not begin with its type, '@'");
    const std::string_view type = TRY(in.text());
    const Entry* entry = TRY(entry_of(type));
    auto [message, fields] = entry->make();
    auto done = decode_fields(*entry->info, in, entries - 1, fields);
    if (!done) return fail_in(type, std::move(done.error()));
    return message;
}

std::vector<StructType> MessageRegistry::struct_types(std::string_view message_type) const {
    const auto it = entries_.find(message_type);
    if (it == entries_.end()) return {};
    std::vector<const StructInfo*> found;
    collect_structs(*it->second->info, found);
    std::vector<StructType> types = {struct_type(*it->second->info)};
    for (const StructInfo* info : found) {
        if (info != it->second->info) types.push_back(struct_type(*info));
    }
    return types;
}

std::vector<std::string> MessageRegistry::types() const {
    std::vector<std::string> names;
    for (const auto& [type, entry] : entries_) names.push_back(type);
    return names;
}

std::uint64_t MessageRegistry::gas_of(std::string_view message_type) const {
    const auto it = entries_.find(message_type);
    return it == entries_.end() ? 0 : it->second->gas;
}

} // namespace assay::chain
