#include "chain/fields.h"

#include "crypto/keccak.h"

#include <algorithm>
#include <limits>

namespace assay::chain {
namespace {

using codec::Integer;
using codec::Value;
using crypto::Address;
using crypto::Digest;

std::unexpected<Error> expected(std::string_view what) {
    return fail(ErrorCode::malformed, "not " + std::string(what));
}

Digest big_endian_word(Uint128 value) {
    Digest word{};
    for (std::size_t i = 0; i < 16; ++i) word[31 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    return word;
}

/// What the tables of basic types have in common: the object's type.
template <class T>
class BasicField : public FieldType {
protected:
    static const T& in(const void* field) { return *static_cast<const T*>(field); }
    static T& in(void* field) { return *static_cast<T*>(field); }
};

class BoolField final : public BasicField<bool> {
    std::string eip712_name() const override { return "bool"; }
    void encode(const void* field, Bytes& out) const override { append_boolean(out, in(field)); }
    Result<void> decode(CborReader& reader, void* field) const override {
        in(field) = TRY(reader.boolean());
        return {};
    }
    Value to_value(const void* field, ValueForm) const override { return Value(in(field)); }
    Result<void> from_value(const Value& value, void* field) const override {
        if (value.boolean() == nullptr) return expected("true or false");
        in(field) = *value.boolean();
        return {};
    }
    Digest eip712_word(const void* field) const override { return big_endian_word(in(field) ? 1 : 0); }
};

template <std::unsigned_integral T>
class UnsignedField final : public BasicField<T> {
    using BasicField<T>::in;
    std::string eip712_name() const override { return "uint" + std::to_string(8 * sizeof(T)); }
    void encode(const void* field, Bytes& out) const override { append_unsigned(out, in(field)); }
    Result<void> decode(CborReader& reader, void* field) const override {
        return set(TRY(reader.unsigned_integer()), field);
    }
    Value to_value(const void* field, ValueForm) const override { return Value(in(field)); }
    Result<void> from_value(const Value& value, void* field) const override {
        const auto number = value.integer() == nullptr ? std::nullopt : value.integer()->to_uint64();
        if (!number) return expected("an integer of 0 or more");
        return set(*number, field);
    }
    Digest eip712_word(const void* field) const override { return big_endian_word(in(field)); }

    static Result<void> set(std::uint64_t number, void* field) {
        if (number > std::numeric_limits<T>::max()) {
            return fail(ErrorCode::malformed,
                        std::to_string(number) + " is above " + std::to_string(std::numeric_limits<T>::max()));
        }
        in(field) = static_cast<T>(number);
        return {};
    }
};

class Int64Field final : public BasicField<std::int64_t> {
    std::string eip712_name() const override { return "int64"; }
    void encode(const void* field, Bytes& out) const override { append_integer(out, Integer(in(field))); }
    Result<void> decode(CborReader& reader, void* field) const override { return set(TRY(reader.integer()), field); }
    Value to_value(const void* field, ValueForm) const override { return Value(in(field)); }
    Result<void> from_value(const Value& value, void* field) const override {
        if (value.integer() == nullptr) return expected("an integer");
        return set(*value.integer(), field);
    }
    Digest eip712_word(const void* field) const override {
        Digest word = big_endian_word(static_cast<std::uint64_t>(in(field)));
        if (in(field) < 0) std::fill(word.begin(), word.end() - 8, std::uint8_t{0xff});
        return word;
    }

    static Result<void> set(const Integer& integer, void* field) {
        const auto number = integer.to_int64();
        if (!number) return fail(ErrorCode::malformed, "integer does not fit 64 bits with a sign");
        in(field) = *number;
        return {};
    }
};

class AmountField final : public BasicField<Amount> {
    std::string eip712_name() const override { return "uint128"; }
    void encode(const void* field, Bytes& out) const override {
        const Digest word = eip712_word(field);
        const auto first = std::find_if(word.begin(), word.end(), [](std::uint8_t byte) { return byte != 0; });
        append_bytes(out, ByteView(first, word.end()));
    }
    Result<void> decode(CborReader& reader, void* field) const override {
        const ByteView bytes = TRY(reader.bytes());
        in(field) = TRY(amount_from_bytes(bytes));
        return {};
    }
    Value to_value(const void* field, ValueForm form) const override {
        return form == ValueForm::canonical ? Value(to_bytes(in(field))) : Value(to_string(in(field)));
    }
    Result<void> from_value(const Value& value, void* field) const override {
        if (value.bytes() != nullptr) {
            in(field) = TRY(amount_from_bytes(*value.bytes()));
        } else if (value.text() != nullptr) {
            in(field) = TRY(parse_amount(*value.text()));
        } else {
            return expected("an amount: big-endian bytes, or decimal text");
        }
        return {};
    }
    Digest eip712_word(const void* field) const override { return big_endian_word(in(field).units()); }
};

class AddressField final : public BasicField<Address> {
    std::string eip712_name() const override { return "address"; }
    void encode(const void* field, Bytes& out) const override { append_bytes(out, in(field).bytes); }
    Result<void> decode(CborReader& reader, void* field) const override { return set(TRY(reader.bytes()), field); }
    Value to_value(const void* field, ValueForm form) const override {
        const Address& address = in(field);
        if (form == ValueForm::readable) return Value(to_string(address));
        return Value(Bytes(address.bytes.begin(), address.bytes.end()));
    }
    Result<void> from_value(const Value& value, void* field) const override {
        if (value.bytes() != nullptr) return set(*value.bytes(), field);
        if (value.text() == nullptr) return expected("an address: 20 bytes, or text that begins with 0x");
        in(field) = TRY(crypto::parse_address(*value.text()));
        return {};
    }
    Digest eip712_word(const void* field) const override {
        Digest word{};
        std::ranges::copy(in(field).bytes, word.end() - 20);
        return word;
    }

    static Result<void> set(ByteView bytes, void* field) {
        if (bytes.size() != 20)
            return fail(ErrorCode::malformed, "address has " + std::to_string(bytes.size()) + " bytes instead of 20");
        std::ranges::copy(bytes, in(field).bytes.begin());
        return {};
    }
};

class DigestField final : public BasicField<Digest> {
    std::string eip712_name() const override { return "bytes32"; }
    void encode(const void* field, Bytes& out) const override { append_bytes(out, in(field)); }
    Result<void> decode(CborReader& reader, void* field) const override { return set(TRY(reader.bytes()), field); }
    Value to_value(const void* field, ValueForm form) const override {
        if (form == ValueForm::readable) return Value("0x" + to_hex(in(field)));
        return Value(Bytes(in(field).begin(), in(field).end()));
    }
    Result<void> from_value(const Value& value, void* field) const override {
        if (value.bytes() != nullptr) return set(*value.bytes(), field);
        if (value.text() == nullptr || !value.text()->starts_with("0x"))
            return expected("a digest: 32 bytes, or hexadecimal text that begins with 0x");
        return set(TRY(from_hex(*value.text())), field);
    }
    Digest eip712_word(const void* field) const override { return in(field); }

    static Result<void> set(ByteView bytes, void* field) {
        if (bytes.size() != 32)
            return fail(ErrorCode::malformed, "digest has " + std::to_string(bytes.size()) + " bytes instead of 32");
        std::ranges::copy(bytes, in(field).begin());
        return {};
    }
};

class BytesField final : public BasicField<Bytes> {
    std::string eip712_name() const override { return "bytes"; }
    void encode(const void* field, Bytes& out) const override { append_bytes(out, in(field)); }
    Result<void> decode(CborReader& reader, void* field) const override {
        const ByteView bytes = TRY(reader.bytes());
        in(field).assign(bytes.begin(), bytes.end());
        return {};
    }
    Value to_value(const void* field, ValueForm form) const override {
        return form == ValueForm::canonical ? Value(in(field)) : Value("0x" + to_hex(in(field)));
    }
    Result<void> from_value(const Value& value, void* field) const override {
        if (value.bytes() != nullptr) {
            in(field) = *value.bytes();
        } else if (value.text() != nullptr && value.text()->starts_with("0x")) {
            in(field) = TRY(from_hex(*value.text()));
        } else {
            return expected("bytes, or hexadecimal text that begins with 0x");
        }
        return {};
    }
    Digest eip712_word(const void* field) const override { return crypto::keccak256(in(field)); }
};

class TextField final : public BasicField<std::string> {
    std::string eip712_name() const override { return "string"; }
    void encode(const void* field, Bytes& out) const override { append_text(out, in(field)); }
    Result<void> decode(CborReader& reader, void* field) const override {
        in(field) = TRY(reader.text());
        return {};
    }
    Value to_value(const void* field, ValueForm) const override { return Value(in(field)); }
    Result<void> from_value(const Value& value, void* field) const override {
        if (value.text() == nullptr) return expected("text");
        in(field) = *value.text();
        return {};
    }
    Digest eip712_word(const void* field) const override { return crypto::keccak256(as_byte_view(in(field))); }
};

template <class Table>
const FieldType& shared() {
    static const Table table;
    return table;
}

} // namespace

template <>
const FieldType& basic_field_type<bool>() {
    return shared<BoolField>();
}
template <>
const FieldType& basic_field_type<std::uint8_t>() {
    return shared<UnsignedField<std::uint8_t>>();
}
template <>
const FieldType& basic_field_type<std::uint32_t>() {
    return shared<UnsignedField<std::uint32_t>>();
}
template <>
const FieldType& basic_field_type<std::uint64_t>() {
    return shared<UnsignedField<std::uint64_t>>();
}
template <>
const FieldType& basic_field_type<std::int64_t>() {
    return shared<Int64Field>();
}
template <>
const FieldType& basic_field_type<Amount>() {
    return shared<AmountField>();
}
template <>
const FieldType& basic_field_type<Address>() {
    return shared<AddressField>();
}
template <>
const FieldType& basic_field_type<Digest>() {
    return shared<DigestField>();
}
template <>
const FieldType& basic_field_type<Bytes>() {
    return shared<BytesField>();
}
template <>
const FieldType& basic_field_type<std::string>() {
    return shared<TextField>();
}

} // namespace assay::chain
