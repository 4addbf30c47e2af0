#include "crypto/typed_data_types.h"

#include "codec/utf8.h"
#include "crypto/keccak.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace assay::crypto {
namespace {

using codec::Json;

constexpr std::size_t kTextBytesMax = 65536; // hashing each of the types once stays quick
constexpr std::size_t kStructsMax = 256;
constexpr std::string_view kDomain = "EIP712Domain";

std::unexpected<Error> malformed(std::string message) { return fail(ErrorCode::malformed, std::move(message)); }

std::string quoted(std::string_view text) {
    std::string out;
    codec::append_json_string(out, codec::utf8_prefix(text, 64));
    return out;
}

bool is_identifier(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; };
    const auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    return !text.empty() && letter(text[0]) && std::ranges::all_of(text, part);
}

/// A number without sign or leading zeros.
template <class Number>
std::optional<Number> plain_number(std::string_view text) {
    Number number = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || text[0] == '0' || text[0] == '-' || error != std::errc() || at != text.data() + text.size())
        return {};
    return number;
}

/// Names that could be atomic types, whether EIP-712 has them or not.
bool looks_atomic(std::string_view name) {
    const std::string_view stem = name.substr(0, name.find_last_not_of("0123456789") + 1);
    return name == "bool" || name == "address" || name == "string" || stem == "bytes" || stem == "uint" ||
           stem == "int";
}

Result<MemberType> atomic_type(std::string_view name) {
    MemberType type{.name = std::string(name), .arrays = {}};
    const std::size_t digits_at = name.find_last_not_of("0123456789") + 1;
    const std::string_view stem = name.substr(0, digits_at);
    const auto size = plain_number<unsigned>(name.substr(digits_at));
    if (name == "bool") {
        type.kind = TypeKind::boolean;
    } else if (name == "address") {
        type.kind = TypeKind::address;
    } else if (name == "string") {
        type.kind = TypeKind::text;
    } else if (name == "bytes") {
        type.kind = TypeKind::bytes;
    } else if (stem == "bytes") {
        if (!size || *size > 32) return malformed("type " + quoted(name) + " does not exist (bytes1 to bytes32 do)");
        type.kind = TypeKind::fixed_bytes;
        type.size = *size;
    } else {
        if (!size || *size > 256 || *size % 8 != 0) {
            return malformed("type " + quoted(name) + " does not exist (" + std::string(stem) + "8, " +
                             std::string(stem) + "16 … " + std::string(stem) + "256 do)");
        }
        type.kind = stem == "uint" ? TypeKind::unsigned_integer : TypeKind::signed_integer;
        type.size = *size;
    }
    return type;
}

Result<MemberType> member_type(std::string_view text) {
    const std::size_t name_size = std::min(text.find('['), text.size());
    const std::string_view name = text.substr(0, name_size);
    if (!is_identifier(name)) return malformed("type " + quoted(text) + " is no name of a type");
    MemberType type;
    if (looks_atomic(name)) {
        auto atomic = atomic_type(name); // not TRY: g++ 12 warns falsely of a free inside it
        if (!atomic) return atomic;
        type = std::move(*atomic);
    } else {
        type.name = name;
    }
    for (std::string_view rest = text.substr(name_size); !rest.empty();) {
        const std::size_t end = rest.find(']');
        if (rest[0] != '[' || end == std::string_view::npos)
            return malformed("type " + quoted(text) + " has odd brackets");
        const std::string_view count = rest.substr(1, end - 1);
        const auto number = plain_number<std::uint64_t>(count);
        if (!count.empty() && !number && count != "0")
            return malformed("type " + quoted(text) + " has an array length that is no number");
        type.arrays.push_back(count.empty() ? std::nullopt : std::optional(number.value_or(0)));
        rest.remove_prefix(end + 1);
    }
    return type;
}

/// The text of member `key` of a member's description.
Result<std::string> description(const Json& member, std::string_view key) {
    const Json* value = member.find(key);
    if (value == nullptr || value->text() == nullptr)
        return malformed("a member's " + quoted(key) + " is missing or no string");
    return *value->text();
}

} // namespace

Result<TypeTable> TypeTable::parse(const Json& types, const Json& domain) {
    TypeTable table;
    if (types.object()->size() > kStructsMax)
        return fail(ErrorCode::resource_exhausted, "types: more than " + std::to_string(kStructsMax) + " of them");
    for (const auto& [name, members] : *types.object()) {
        if (!is_identifier(name)) return malformed("types: " + quoted(name) + " is no identifier");
        const auto added = table.add_struct(name, members);
        if (!added) return fail_in("types." + name.substr(0, 64), added.error());
    }
    if (table.find(kDomain) == nullptr) TRY_VOID(table.add_domain_of(domain));
    TRY_VOID(table.check_references());
    for (auto& [name, type] : table.structs_) table.complete(name, type);
    return table;
}

const StructType* TypeTable::find(std::string_view name) const {
    const auto it = structs_.find(name);
    return it == structs_.end() ? nullptr : &it->second;
}

Result<void> TypeTable::add_struct(const std::string& name, const Json& members) {
    if (looks_atomic(name)) return malformed("the name is that of an atomic type");
    if (members.list() == nullptr) return malformed("must be a list of members, not " + std::string(members.kind()));
    StructType type;
    std::set<std::string> names;
    text_bytes_ += name.size();
    for (const Json& member : *members.list()) {
        std::string member_name = TRY(description(member, "name"));
        std::string type_text = TRY(description(member, "type"));
        if (!is_identifier(member_name)) return malformed("member name " + quoted(member_name) + " is no identifier");
        if (!names.insert(member_name).second) return malformed("member " + quoted(member_name) + " appears twice");
        text_bytes_ += member_name.size() + type_text.size() + 2;
        if (text_bytes_ > kTextBytesMax)
            return fail(ErrorCode::resource_exhausted, "the types' text is longer than 64 KiB");
        auto parsed = member_type(type_text);
        if (!parsed) return fail_in(member_name.substr(0, 64), parsed.error());
        type.members.push_back({std::move(member_name), std::move(type_text), std::move(*parsed)});
    }
    structs_.emplace(name, std::move(type));
    return {};
}

Result<void> TypeTable::add_domain_of(const Json& domain) {
    static constexpr std::pair<const char*, const char*> kMembers[] = {{"name", "string"},
                                                                       {"version", "string"},
                                                                       {"chainId", "uint256"},
                                                                       {"verifyingContract", "address"},
                                                                       {"salt", "bytes32"}};
    StructType type;
    for (const auto& [name, type_text] : kMembers) {
        if (domain.find(name) != nullptr) type.members.push_back({name, type_text, *atomic_type(type_text)});
    }
    for (const auto& [name, value] : *domain.object()) {
        const auto known = [&](const auto& member) { return name == member.first; };
        if (!std::ranges::any_of(kMembers, known))
            return malformed("domain has a member " + quoted(name) + ", which EIP712Domain has not");
    }
    structs_.emplace(kDomain, std::move(type));
    return {};
}

Result<void> TypeTable::check_references() const {
    for (const auto& [name, type] : structs_) {
        for (const StructMember& member : type.members) {
            if (member.type.kind == TypeKind::structure && find(member.type.name) == nullptr) {
                return malformed("types." + name.substr(0, 64) + "." + member.name.substr(0, 64) + ": type " +
                                 quoted(member.type.name) + " is not among the types");
            }
        }
    }
    return {};
}

/// encodeType, and whether what it refers to leads back.
void TypeTable::complete(const std::string& name, StructType& type) const {
    std::set<std::string_view> reached;
    std::vector<const StructType*> open{&type};
    while (!open.empty()) {
        const StructType& from = *open.back();
        open.pop_back();
        for (const StructMember& member : from.members) {
            if (member.type.kind != TypeKind::structure || !reached.insert(member.type.name).second) continue;
            open.push_back(find(member.type.name));
        }
    }
    type.recursive = reached.erase(name) != 0;
    std::string text;
    const auto append = [&](std::string_view struct_name, const StructType& what) {
        text.append(struct_name).append("(");
        for (const StructMember& member : what.members) {
            if (&member != what.members.data()) text.push_back(',');
            text.append(member.type_text).append(" ").append(member.name);
        }
        text.append(")");
    };
    append(name, type);
    for (const std::string_view other : reached) append(other, *find(other));
    type.type_hash = keccak256(as_byte_view(text));
}

} // namespace assay::crypto
