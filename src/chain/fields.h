#pragma once
/// Structs that list their fields (message.h), as tables that one engine reads: DAG-CBOR both ways, the IPLD data model both
/// ways, and EIP-712. Modules use the templates of message.h; this is what stands behind them.
/// Thread-safe: tables are made once and never change. Committed class.
#include "base/bytes.h"
#include "base/result.h"
#include "chain/amount.h"
#include "chain/core/cbor.h"
#include "codec/value.h"
#include "crypto/address.h"
#include "crypto/sha256.h"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace assay::chain {

template <class T>
concept FieldStruct = requires { T::kStruct; };
template <class T>
concept MessageStruct = FieldStruct<T> && requires { T::kType; };

/// How amounts, addresses, digests and bytes appear in a codec::Value.
enum class ValueForm : std::uint8_t {
    canonical, ///< byte strings, as in DAG-CBOR
    readable, ///< decimal text, EIP-55 text, 0x-hexadecimal text: for genesis documents, queries and people
};

struct StructInfo;

/// What can be done with a field of one C++ type; `field` points to an object of that type.
class FieldType {
public:
    virtual ~FieldType() = default;
    virtual std::string eip712_name() const = 0;
    virtual void encode(const void* field, Bytes& out) const = 0;
    virtual Result<void> decode(CborReader& in, void* field) const = 0;
    virtual codec::Value to_value(const void* field, ValueForm form) const = 0;
    /// Takes both forms.
    virtual Result<void> from_value(const codec::Value& value, void* field) const = 0;
    /// The 32 bytes that stand for it in EIP-712's encodeData.
    virtual crypto::Digest eip712_word(const void* field) const = 0;
    /// The struct it is, or is a list of; nullptr for others.
    virtual const StructInfo* structure() const { return nullptr; }
};

struct StructInfo {
    struct Field {
        std::string_view name;
        const FieldType* type = nullptr;
        std::ptrdiff_t offset = 0; ///< from the start of the struct
    };

    std::string_view name; ///< kStruct
    std::string_view message_type; ///< kType, or empty
    std::vector<Field> fields; ///< as declared: the order of EIP-712
    std::vector<std::size_t> canonical_order;
    std::string own_type; ///< "BankTransfer(address to,…)"
    std::string full_type; ///< own_type and those of nested structs by name: EIP-712's encodeType
    crypto::Digest type_hash{};
};

StructInfo make_struct_info(std::string_view name, std::string_view message_type,
                            std::vector<StructInfo::Field> fields);
/// `info` and every struct that its fields refer to, by name, added to `found`.
void collect_structs(const StructInfo& info, std::vector<const StructInfo*>& found);

void encode_struct(const StructInfo& info, const void* object, Bytes& out);
/// Strict: canonical DAG-CBOR with exactly the struct's entries. Errors: malformed, naming the field.
Result<void> decode_struct(const StructInfo& info, CborReader& in, void* object);
/// decode_struct after the map's head and its "@" entry have been read; `entries_left` as the head says.
Result<void> decode_fields(const StructInfo& info, CborReader& in, std::uint64_t entries_left, void* object);
codec::Value struct_to_value(const StructInfo& info, const void* object, ValueForm form);
Result<void> struct_from_value(const StructInfo& info, const codec::Value& value, void* object);
crypto::Digest hash_struct(const StructInfo& info, const void* object);
/// Bytes a module wrote itself: anything else is a damaged state, and stops the process.
void decode_own_record(const StructInfo& info, ByteView bytes, void* object);

/// The table of a basic type; defined for bool, the integers, Amount, Address, Digest, Bytes and std::string.
template <class T>
const FieldType& basic_field_type();
template <>
const FieldType& basic_field_type<bool>();
template <>
const FieldType& basic_field_type<std::uint8_t>();
template <>
const FieldType& basic_field_type<std::uint32_t>();
template <>
const FieldType& basic_field_type<std::uint64_t>();
template <>
const FieldType& basic_field_type<std::int64_t>();
template <>
const FieldType& basic_field_type<Amount>();
template <>
const FieldType& basic_field_type<crypto::Address>();
template <>
const FieldType& basic_field_type<crypto::Digest>();
template <>
const FieldType& basic_field_type<Bytes>();
template <>
const FieldType& basic_field_type<std::string>();

class StructField final : public FieldType {
public:
    explicit StructField(const StructInfo& info) : info_(info) {}
    std::string eip712_name() const override { return std::string(info_.name); }
    void encode(const void* field, Bytes& out) const override { encode_struct(info_, field, out); }
    Result<void> decode(CborReader& in, void* field) const override { return decode_struct(info_, in, field); }
    codec::Value to_value(const void* field, ValueForm form) const override {
        return struct_to_value(info_, field, form);
    }
    Result<void> from_value(const codec::Value& value, void* field) const override {
        return struct_from_value(info_, value, field);
    }
    crypto::Digest eip712_word(const void* field) const override { return hash_struct(info_, field); }
    const StructInfo* structure() const override { return &info_; }

private:
    const StructInfo& info_;
};

/// A std::vector of anything but std::uint8_t; `element_` does the work.
class ListField : public FieldType {
public:
    explicit ListField(const FieldType& element) : element_(element) {}
    std::string eip712_name() const override { return element_.eip712_name() + "[]"; }
    void encode(const void* field, Bytes& out) const override;
    Result<void> decode(CborReader& in, void* field) const override;
    codec::Value to_value(const void* field, ValueForm form) const override;
    Result<void> from_value(const codec::Value& value, void* field) const override;
    crypto::Digest eip712_word(const void* field) const override;
    const StructInfo* structure() const override { return element_.structure(); }

private:
    virtual std::size_t size(const void* field) const = 0;
    virtual const void* at(const void* field, std::size_t index) const = 0;
    virtual void clear(void* field) const = 0;
    virtual void* append(void* field) const = 0; ///< a new last element

    const FieldType& element_;
};

template <class T>
struct IsList : std::false_type {};
template <class T>
    requires(!std::same_as<T, std::uint8_t>)
struct IsList<std::vector<T>> : std::true_type {
    static_assert(!std::same_as<T, bool>, "std::vector<bool> holds no bools");
    using Element = T;
};

template <FieldStruct T>
const StructInfo& struct_info();

template <class T>
const FieldType& field_type() {
    if constexpr (FieldStruct<T>) {
        static const StructField type(struct_info<T>());
        return type;
    } else if constexpr (IsList<T>::value) {
        using Element = typename IsList<T>::Element;
        class VectorField final : public ListField {
        public:
            VectorField() : ListField(field_type<Element>()) {}

        private:
            static const T& in(const void* field) { return *static_cast<const T*>(field); }
            std::size_t size(const void* field) const override { return in(field).size(); }
            const void* at(const void* field, std::size_t index) const override { return &in(field)[index]; }
            void clear(void* field) const override { static_cast<T*>(field)->clear(); }
            void* append(void* field) const override { return &static_cast<T*>(field)->emplace_back(); }
        };
        static const VectorField type;
        return type;
    } else {
        return basic_field_type<T>();
    }
}

/// The table of a struct, made at its first use from a default-constructed one.
template <FieldStruct T>
const StructInfo& struct_info() {
    static const StructInfo info = [] {
        const T sample{};
        const auto* start = reinterpret_cast<const char*>(&sample);
        std::vector<StructInfo::Field> fields;
        T::fields(sample, [&]<class F>(std::string_view name, const F& field) {
            fields.push_back({name, &field_type<F>(), reinterpret_cast<const char*>(&field) - start});
        });
        std::string_view message_type;
        if constexpr (MessageStruct<T>) message_type = T::kType;
        return make_struct_info(T::kStruct, message_type, std::move(fields));
    }();
    return info;
}

} // namespace assay::chain
