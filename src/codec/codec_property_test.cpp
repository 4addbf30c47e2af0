#include "codec/base_text.h"
#include "codec/dag_cbor.h"
#include "codec/varint.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>

namespace assay::codec {
namespace {

Cid any_cid() {
    const Bytes digest = *rc::gen::container<Bytes>(32, rc::gen::arbitrary<std::uint8_t>());
    if (*rc::gen::arbitrary<bool>()) return *Cid::make_v0(digest);
    return *Cid::make_v1(*rc::gen::inRange<std::uint64_t>(0, 1 << 20), digest);
}

double any_finite() {
    const auto number = std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>());
    return std::isfinite(number) ? number : 0.5;
}

std::string any_text() { return *rc::gen::string<std::string>().as("text"); }

/// Text from the generator may be any bytes: keep the ASCII part, which is always UTF-8.
std::string any_utf8() {
    std::string text = any_text();
    for (char& c : text) c = static_cast<char>(c & 0x7f);
    return *rc::gen::arbitrary<bool>() ? text + "é𝄞" : text;
}

Value any_value(int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 9 : 7)) {
        case 0: return {};
        case 1: return Value(*rc::gen::arbitrary<bool>());
        case 2:
            return Value(
                Integer(*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<std::uint64_t>() >> *rc::gen::inRange(0, 64)));
        case 3: return Value(any_finite());
        case 4: return Value(*rc::gen::arbitrary<Bytes>());
        case 5: return Value(any_utf8());
        case 6: return Value(any_cid());
        default: break;
    }
    const int count = *rc::gen::inRange(0, 4);
    if (*rc::gen::arbitrary<bool>()) {
        Value::List items;
        for (int i = 0; i < count; ++i) items.push_back(any_value(depth - 1));
        return items;
    }
    Value::Map entries;
    for (int i = 0; i < count; ++i) entries.insert_or_assign(any_utf8(), any_value(depth - 1));
    return entries;
}

TEST(CodecProperty, DagCborRoundTrips) {
    EXPECT_TRUE(rc::check([] {
        const Value value = any_value(3);
        const auto block = encode_dag_cbor(value);
        RC_ASSERT(block.has_value());
        const auto again = decode_dag_cbor(*block);
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == value);
    }));
}

TEST(CodecProperty, WhatDecodesIsCanonical) {
    EXPECT_TRUE(rc::check([] {
        Bytes block = *encode_dag_cbor(any_value(3));
        const std::size_t at = *rc::gen::inRange<std::size_t>(0, block.size());
        block[at] = *rc::gen::arbitrary<std::uint8_t>();
        const auto value = decode_dag_cbor(block);
        if (value) RC_ASSERT(*encode_dag_cbor(*value) == block);
    }));
}

TEST(CodecProperty, TruncationNeverDecodes) {
    EXPECT_TRUE(rc::check([] {
        Bytes block = *encode_dag_cbor(any_value(3));
        block.resize(*rc::gen::inRange<std::size_t>(0, block.size()));
        RC_ASSERT(!decode_dag_cbor(block).has_value());
    }));
}

TEST(CodecProperty, CidsRoundTrip) {
    EXPECT_TRUE(rc::check([] {
        const Cid cid = any_cid();
        RC_ASSERT(*Cid::parse(cid.to_string()) == cid);
        RC_ASSERT(*Cid::from_bytes(cid.to_bytes()) == cid);
    }));
}

TEST(CodecProperty, BaseTextsRoundTrip) {
    EXPECT_TRUE(rc::check([](const Bytes& bytes) {
        RC_ASSERT(*from_base32(to_base32(bytes)) == bytes);
        if (bytes.size() <= 150) RC_ASSERT(*from_base58btc(to_base58btc(bytes)) == bytes);
    }));
}

TEST(CodecProperty, VarintsRoundTrip) {
    EXPECT_TRUE(rc::check([](std::uint64_t number) {
        const std::uint64_t value = (number & kVarintMax) >> *rc::gen::inRange(0, 63);
        Bytes out;
        append_varint(out, value);
        ByteView view = out;
        RC_ASSERT(*read_varint(view) == value);
        RC_ASSERT(view.empty());
    }));
}

} // namespace
} // namespace assay::codec
