#include "crypto/typed_data.h"

#include "crypto/address.h"
#include "crypto/eip712.h"
#include "crypto/keccak.h"
#include "crypto/typed_data_types.h"

#include <algorithm>
#include <bit>

namespace assay::crypto {
namespace {

using codec::Json;

constexpr std::string_view kDomain = "EIP712Domain";

/// Big-endian number of 256 bits, and whether a digit was lost at its top.
struct Magnitude {
    Digest word{};
    bool overflow = false;

    void multiply_add(unsigned base, unsigned carry) {
        for (auto byte = word.rbegin(); byte != word.rend(); ++byte) {
            carry += *byte * base;
            *byte = static_cast<std::uint8_t>(carry);
            carry >>= 8;
        }
        overflow = overflow || carry != 0;
    }
    void negate() {
        unsigned carry = 1;
        for (auto byte = word.rbegin(); byte != word.rend(); ++byte) {
            carry += static_cast<std::uint8_t>(~*byte);
            *byte = static_cast<std::uint8_t>(carry);
            carry >>= 8;
        }
    }
    std::size_t bits() const {
        const auto first = std::ranges::find_if(word, [](std::uint8_t byte) { return byte != 0; });
        if (first == word.end()) return 0;
        const auto below = static_cast<std::size_t>(word.end() - first - 1);
        return 8 * below + static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(*first)));
    }
    bool is_power_of_two() const {
        int ones = 0;
        for (const std::uint8_t byte : word) ones += std::popcount(byte);
        return ones == 1;
    }
};

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 16;
}

class Hasher {
public:
    explicit Hasher(const TypeTable& types) : types_(types) {}

    /// `where`: how messages call the value.
    Result<Digest> hash(std::string_view where, const StructType& type, const Json& value) {
        path_ = where;
        return hash_struct(type, value);
    }

private:
    std::unexpected<Error> wrong(std::string_view what) const {
        return fail(ErrorCode::malformed, path_ + ": " + std::string(what));
    }
    std::unexpected<Error> wrong_kind(std::string_view wanted, const Json& value) const {
        return wrong("must be " + std::string(wanted) + ", not " + std::string(value.kind()));
    }

    Result<Digest> hash_struct(const StructType& type, const Json& value) {
        if (value.object() == nullptr) return wrong_kind("an object", value);
        Eip712Struct hash(type.type_hash);
        const std::size_t path_size = path_.size();
        for (const StructMember& member : type.members) {
            path_.append(".").append(member.name);
            const Json* item = value.find(member.name);
            if (item == nullptr && !may_be_absent(member.type)) return wrong("missing");
            hash.add_word(item == nullptr ? Digest{} : TRY(word(member.type, member.type.arrays.size(), *item)));
            path_.resize(path_size);
        }
        return hash.finish();
    }

    bool may_be_absent(const MemberType& type) const {
        return type.kind == TypeKind::structure && type.arrays.empty() && types_.find(type.name)->recursive;
    }

    /// encodeData of one value; `arrays`: how many of the type's brackets are still to open, from the outside.
    Result<Digest> word(const MemberType& type, std::size_t arrays, const Json& value) {
        if (arrays > 0) return array(type, arrays, value);
        switch (type.kind) {
            case TypeKind::unsigned_integer:
            case TypeKind::signed_integer: return integer(type, value);
            case TypeKind::fixed_bytes: return fixed_bytes(type, value);
            case TypeKind::boolean: return boolean(value);
            case TypeKind::address: return address(value);
            case TypeKind::text:
                if (value.text() == nullptr) return wrong_kind("a string", value);
                return keccak256(as_byte_view(*value.text()));
            case TypeKind::bytes: return keccak256(TRY(hex_bytes(value)));
            case TypeKind::structure: break;
        }
        if (value.is_null()) return Digest{};
        return hash_struct(*types_.find(type.name), value);
    }

    Result<Digest> array(const MemberType& type, std::size_t arrays, const Json& value) {
        if (value.list() == nullptr) return wrong_kind("a list", value);
        const auto& count = type.arrays[arrays - 1];
        if (count && *count != value.list()->size()) {
            return wrong("has " + std::to_string(value.list()->size()) + " items instead of " + std::to_string(*count));
        }
        Keccak256 hash;
        const std::size_t path_size = path_.size();
        for (const Json& item : *value.list()) {
            path_.append("[").append(std::to_string(&item - value.list()->data())).append("]");
            hash.update(TRY(word(type, arrays - 1, item)));
            path_.resize(path_size);
        }
        return hash.finish();
    }

    Result<Digest> boolean(const Json& value) {
        if (value.boolean() == nullptr) return wrong_kind("a boolean", value);
        Digest word{};
        word.back() = *value.boolean() ? 1 : 0;
        return word;
    }

    Result<Digest> address(const Json& value) {
        if (value.text() == nullptr) return wrong_kind("a string", value);
        const auto parsed = parse_address(*value.text());
        if (!parsed) return wrong(parsed.error().message);
        Digest word{};
        std::ranges::copy(parsed->bytes, word.end() - 20);
        return word;
    }

    Result<Bytes> hex_bytes(const Json& value) {
        if (value.text() == nullptr) return wrong_kind("a string", value);
        if (!value.text()->starts_with("0x")) return wrong("bytes must be 0x and hexadecimal digits");
        auto bytes = from_hex(*value.text());
        if (!bytes) return wrong(bytes.error().message);
        return bytes;
    }

    Result<Digest> fixed_bytes(const MemberType& type, const Json& value) {
        const Bytes bytes = TRY(hex_bytes(value));
        if (bytes.size() != type.size)
            return wrong("has " + std::to_string(bytes.size()) + " bytes, but its type is " + type.name);
        Digest word{};
        std::ranges::copy(bytes, word.begin());
        return word;
    }

    Result<Digest> integer(const MemberType& type, const Json& value) {
        const std::string* text = value.number() != nullptr ? value.number() : value.text();
        if (text == nullptr) return wrong_kind("an integer", value);
        std::string_view digits = *text;
        const bool negative = digits.starts_with('-');
        if (negative) digits.remove_prefix(1);
        const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
        if (hex) digits.remove_prefix(2);
        if (digits.empty()) return wrong("is no integer");
        Magnitude magnitude;
        for (const char c : digits) {
            const int digit = digit_of(c);
            if (digit >= (hex ? 16 : 10)) return wrong("is no integer (decimal, or 0x and hexadecimal digits)");
            magnitude.multiply_add(hex ? 16 : 10, static_cast<unsigned>(digit));
            if (magnitude.overflow) break;
        }
        if (!fits(type, magnitude, negative)) return wrong("is outside the range of " + type.name);
        if (negative) magnitude.negate();
        return magnitude.word;
    }

    static bool fits(const MemberType& type, const Magnitude& magnitude, bool negative) {
        const std::size_t bits = magnitude.bits();
        if (magnitude.overflow) return false;
        if (type.kind == TypeKind::unsigned_integer) return bits <= type.size && (!negative || bits == 0);
        return bits < type.size || (negative && bits == type.size && magnitude.is_power_of_two());
    }

    const TypeTable& types_;
    std::string path_;
};

Result<const Json*> object_member(const Json& typed_data, std::string_view key) {
    const Json* member = typed_data.find(key);
    if (member == nullptr) return fail(ErrorCode::malformed, "typed data: " + std::string(key) + " is missing");
    if (member->object() == nullptr) {
        return fail(ErrorCode::malformed,
                    "typed data: " + std::string(key) + " must be an object, not " + std::string(member->kind()));
    }
    return member;
}

} // namespace

Result<TypedDataHashes> hash_typed_data(const Json& typed_data) {
    if (typed_data.object() == nullptr)
        return fail(ErrorCode::malformed, "typed data must be an object, not " + std::string(typed_data.kind()));
    const Json* types = TRY(object_member(typed_data, "types"));
    const Json* domain = TRY(object_member(typed_data, "domain"));
    const Json* message = TRY(object_member(typed_data, "message"));
    const Json* primary = typed_data.find("primaryType");
    if (primary == nullptr || primary->text() == nullptr)
        return fail(ErrorCode::malformed, "typed data: primaryType is missing or no string");
    const auto table = TypeTable::parse(*types, *domain); // not TRY: g++ 12 warns falsely of a free inside it
    if (!table) return std::unexpected(table.error());
    const StructType* type = table->find(*primary->text());
    if (type == nullptr) return fail(ErrorCode::malformed, "typed data: primaryType is not among the types");
    Hasher hasher(*table);
    TypedDataHashes hashes;
    hashes.domain_separator = TRY(hasher.hash("domain", *table->find(kDomain), *domain));
    if (*primary->text() == kDomain) {
        Keccak256 hash; // as MetaMask and viem do: the domain alone
        hash.update(Bytes{0x19, 0x01});
        hash.update(hashes.domain_separator);
        hashes.struct_hash = hashes.domain_separator;
        hashes.digest = hash.finish();
        return hashes;
    }
    hashes.struct_hash = TRY(hasher.hash("message", *type, *message));
    hashes.digest = eip712_digest(hashes.domain_separator, hashes.struct_hash);
    return hashes;
}

} // namespace assay::crypto
