#pragma once
/// The types of typed data, checked. Internal to the room.
#include "base/result.h"
#include "codec/json.h"
#include "crypto/sha256.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::crypto {

enum class TypeKind { unsigned_integer, signed_integer, fixed_bytes, boolean, address, text, bytes, structure };

/// `Person[3][]`: kind structure, name "Person", arrays {3, open}, the last the outermost.
struct MemberType {
    TypeKind kind = TypeKind::structure;
    unsigned size = 0; ///< bits of an integer, bytes of fixed_bytes
    std::string name;  ///< without the brackets
    std::vector<std::optional<std::uint64_t>> arrays;
};

struct StructMember {
    std::string name;
    std::string type_text;
    MemberType type;
};

struct StructType {
    std::vector<StructMember> members;
    Digest type_hash{};
    bool recursive = false; ///< a value of it may hold another of the same type
};

class TypeTable {
public:
    /// `domain` serves where `types` has no EIP712Domain.
    static Result<TypeTable> parse(const codec::Json& types, const codec::Json& domain);
    const StructType* find(std::string_view name) const;

private:
    Result<void> add_struct(const std::string& name, const codec::Json& members);
    Result<void> add_domain_of(const codec::Json& domain);
    Result<void> check_references() const;
    void complete(const std::string& name, StructType& type) const;

    std::map<std::string, StructType, std::less<>> structs_;
    std::size_t text_bytes_ = 0;
};

} // namespace assay::crypto
