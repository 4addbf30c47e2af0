#include "chain/message.h"

#include "chain/chain_params.h"
#include "chain/modules/ports.h"
#include "codec/dag_cbor.h"
#include "crypto/keccak.h"

#include <gtest/gtest.h>

namespace assay::chain {
namespace {

struct Part {
    static constexpr std::string_view kStruct = "Part";
    Address who;
    std::uint32_t ppm = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("who", self.who);
        visit("ppm", self.ppm);
    }
    bool operator==(const Part&) const = default;
};

struct Everything {
    static constexpr std::string_view kType = "test/everything";
    static constexpr std::string_view kStruct = "Everything";
    bool flag = false;
    std::uint8_t small = 0;
    std::uint32_t medium = 0;
    std::uint64_t large = 0;
    std::int64_t negative = 0;
    Amount amount;
    Address address;
    Digest digest{};
    Bytes data;
    std::string text;
    Part part;
    std::vector<Part> parts;
    std::vector<std::uint64_t> numbers;
    std::vector<std::string> names;
    static void fields(auto&& self, auto&& visit) {
        visit("flag", self.flag);
        visit("small", self.small);
        visit("medium", self.medium);
        visit("large", self.large);
        visit("negative", self.negative);
        visit("amount", self.amount);
        visit("address", self.address);
        visit("digest", self.digest);
        visit("data", self.data);
        visit("text", self.text);
        visit("part", self.part);
        visit("parts", self.parts);
        visit("numbers", self.numbers);
        visit("names", self.names);
    }
    bool operator==(const Everything&) const = default;
};

Everything example() {
    Everything e;
    e.flag = true, e.small = 200, e.medium = 1u << 20, e.large = ~std::uint64_t{0}, e.negative = -5;
    e.amount = Amount(1'000'000'007);
    e.address.bytes.fill(0xab);
    e.digest.fill(0x11);
    e.data = {1, 2, 3};
    e.text = "grüße";
    e.part.ppm = 7;
    e.parts = {Part{e.address, 1}, Part{}};
    e.numbers = {0, 24, 65536};
    e.names = {"", "b"};
    return e;
}

template <class T>
Bytes encoded_by_codec(const T& record) {
    return codec::encode_dag_cbor(to_value(record)).value();
}

TEST(Fields, EncodeAsTheCodecDoes) {
    EXPECT_EQ(encode_record(example()), encoded_by_codec(example()));
    EXPECT_EQ(encode_record(Everything{}), encoded_by_codec(Everything{}));
    EXPECT_EQ(codec::decode_dag_cbor(encode_record(example())).value(), to_value(example()));
}

TEST(Fields, ComeBackFromEveryForm) {
    EXPECT_EQ(decode_record<Everything>(encode_record(example())), example());
    EXPECT_EQ(from_value<Everything>(to_value(example())).value(), example());
    EXPECT_EQ(from_value<Everything>(to_readable(example())).value(), example());
    EXPECT_EQ(*to_readable(example()).find("amount")->text(), "1000000007");
}

TEST(Fields, ReadIntegersOfEverySize) {
    for (const std::uint64_t number :
         {0ULL, 23ULL, 24ULL, 255ULL, 256ULL, 65535ULL, 65536ULL, 0xffffffffULL, 0x100000000ULL, ~0ULL}) {
        Everything e;
        e.large = number;
        EXPECT_EQ(encode_record(e), encoded_by_codec(e));
        EXPECT_EQ(decode_record<Everything>(encode_record(e)).large, number);
    }
}

MessageRegistry registry() {
    MessageRegistry registry;
    registry.add<Everything>(100, [](Context& context, const Address&, const Everything& message) -> Result<void> {
        if (message.flag) return fail(ErrorCode::invalid_argument, "flag is set");
        context.emit({"test.ran", {}});
        return {};
    });
    return registry;
}

std::string decode_error(const codec::Value& value) {
    const MessageRegistry known = registry();
    const Bytes bytes = codec::encode_dag_cbor(value).value();
    CborReader in(bytes);
    const auto message = known.decode(in);
    return message ? "" : message.error().message;
}

codec::Value with(std::string_view key, codec::Value entry) {
    codec::Value::Map map = *to_value(example()).map();
    map.insert_or_assign(std::string(key), std::move(entry));
    return codec::Value(std::move(map));
}

TEST(Messages, DecodeFromBytesAndValues) {
    const MessageRegistry known = registry();
    const Bytes bytes = encode_record(example());
    CborReader in(bytes);
    const auto message = known.decode(in).value();
    EXPECT_TRUE(in.at_end());
    EXPECT_EQ(message->type(), "test/everything");
    EXPECT_EQ(*message_as<Everything>(*message), example());
    EXPECT_EQ(message_as<Everything>(*known.decode(message->to_readable()).value())->parts, example().parts);
    Bytes again;
    message->encode(again);
    EXPECT_EQ(again, bytes);
}

TEST(Messages, NameWhatIsWrong) {
    EXPECT_EQ(decode_error(to_value(example())), "");
    EXPECT_EQ(decode_error(with("@", "bank/nothing")), "message type 'bank/nothing' is unknown");
    EXPECT_EQ(decode_error(with("zzz", 1)), "test/everything: field 'zzz' is unknown");
    EXPECT_EQ(decode_error(with("extra-long-name", 1)), "test/everything: field 'extra-long-name' is unknown");
    EXPECT_EQ(decode_error(with("small", 256)), "test/everything: small: 256 is above 255");
    EXPECT_EQ(decode_error(with("amount", Bytes{0})), "test/everything: amount: amount begins with a zero byte");
    EXPECT_EQ(decode_error(with("address", Bytes(19))), "test/everything: address: address has 19 bytes instead of 20");
    EXPECT_EQ(decode_error(with("address", "0xabababababababababababababababababababab")),
              "test/everything: address: text instead of bytes");
    codec::Value::Map map = *to_value(example()).map();
    map.erase("part");
    EXPECT_EQ(decode_error(codec::Value(map)), "test/everything: field 'part' is missing");
    map = *to_value(example()).map();
    map.erase("negative");
    EXPECT_EQ(decode_error(codec::Value(map)), "test/everything: field 'negative' is missing");
}

struct Small {
    static constexpr std::string_view kType = "test/part";
    static constexpr std::string_view kStruct = "Small";
    std::uint64_t a = 0, b = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("a", self.a);
        visit("b", self.b);
    }
};

TEST(Messages, RefuseRepeatedAndUnorderedKeys) {
    const Bytes twice = {0xa3, 0x61, '@', 0x69, 't', 'e', 's', 't', '/', 'p', 'a', 'r', 't'};
    MessageRegistry known;
    known.add<Small>(1, [](Context&, const Address&, const Small&) -> Result<void> { return {}; });
    const auto error_of = [&](std::initializer_list<std::uint8_t> rest) {
        Bytes bytes = twice;
        bytes.insert(bytes.end(), rest);
        CborReader in(bytes);
        const auto message = known.decode(in);
        return message ? "" : message.error().message;
    };
    EXPECT_EQ(error_of({0x61, 'a', 1, 0x61, 'b', 2}), "");
    EXPECT_EQ(error_of({0x61, 'b', 1, 0x61, 'a', 2}), "test/part: field 'a' is missing");
    EXPECT_EQ(error_of({0x61, 'a', 1, 0x61, 'a', 2}), "test/part: field 'a' comes twice or out of order");
    EXPECT_EQ(error_of({0x61, 'a', 1, 0x61, 'b', 0x18, 2}),
              "test/part: b: integer or length is not in its shortest form");
}

TEST(Messages, HashAsEip712Says) {
    EXPECT_EQ(
        struct_info<Everything>().full_type,
        "Everything(bool flag,uint8 small,uint32 medium,uint64 large,int64 negative,uint128 amount,address address,"
        "bytes32 digest,bytes data,string text,Part part,Part[] parts,uint64[] numbers,string[] names)"
        "Part(address who,uint32 ppm)");
    Bytes preimage;
    const Digest type = crypto::keccak256(as_byte_view("Part(address who,uint32 ppm)"));
    preimage.assign(type.begin(), type.end());
    preimage.resize(44); // 12 zero bytes before the address
    preimage.insert(preimage.end(), 20, 0xab);
    preimage.resize(95);
    preimage.push_back(9);
    Part part;
    part.who.bytes.fill(0xab), part.ppm = 9;
    EXPECT_EQ(hash_struct(struct_info<Part>(), &part), crypto::keccak256(preimage));
}

TEST(Messages, RunTheirModulesRule) {
    const MessageRegistry known = registry();
    MemoryState state;
    BlockInfo block;
    GasMeter gas(1000);
    std::vector<Event> events;
    Context context(block, state, gas, events);
    EXPECT_EQ(known.decode(to_value(example())).value()->execute(context, {}).error().message, "flag is set");
    EXPECT_TRUE(known.decode(to_value(Everything{})).value()->execute(context, {}));
    EXPECT_EQ(gas.used(), 200u);
    EXPECT_EQ(events.size(), 1u);
    EXPECT_FALSE(make_message(example())->execute(context, {}));
}

TEST(Params, ChainParamsHoldTheirBounds) {
    EXPECT_TRUE(ChainParams{}.validate());
    ChainParams params;
    params.block_bytes_max = 5;
    EXPECT_FALSE(params.validate());
    EXPECT_EQ(decode_record<ChainParams>(encode_record(ChainParams{})).gas_price_min, Amount(1));
}

TEST(ModuleAccount, IsTheHashOfItsName) {
    const Digest hash = crypto::keccak256(as_byte_view("assay/module/fees"));
    EXPECT_TRUE(std::equal(hash.end() - 20, hash.end(), module_account("fees").bytes.begin()));
    EXPECT_NE(module_account("fees"), module_account("bonded"));
}

} // namespace
} // namespace assay::chain
