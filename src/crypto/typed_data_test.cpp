#include "crypto/typed_data.h"

#include "crypto/eip712.h"

#include <gtest/gtest.h>

#include <fstream>

namespace assay::crypto {
namespace {

using codec::Json;

std::vector<Json> golden_lines(const std::string& name) {
    std::vector<Json> lines;
    std::ifstream in(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/crypto/" + name);
    for (std::string line; std::getline(in, line);) lines.push_back(*codec::parse_json(line));
    return lines;
}

std::string refusal(std::string_view text) {
    const auto hashes = hash_typed_data(*codec::parse_json(text));
    return hashes ? "accepted" : hashes.error().message;
}

/// Typed data with one member `x` in its message.
std::string one(std::string_view type, std::string_view value) {
    return R"({"types":{"T":[{"name":"x","type":")" + std::string(type) +
           R"("}]},"primaryType":"T","domain":{},"message":{"x":)" + std::string(value) + "}}";
}

std::string hash_of(std::string_view text) {
    const auto hashes = hash_typed_data(*codec::parse_json(text));
    return hashes ? to_hex(hashes->struct_hash) : hashes.error().message;
}

// tools/make_eip712_golden.mjs: ethers and viem agree on all, MetaMask's library and viem on types within themselves.
TEST(TypedData, EqualsEthersViemAndMetaMask) {
    const auto lines = golden_lines("eip712.jsonl");
    ASSERT_GT(lines.size(), 200U);
    for (const Json& line : lines) {
        const auto hashes = hash_typed_data(*line.find("typed_data"));
        const std::string& digest = *line.find("digest")->text();
        ASSERT_TRUE(hashes.has_value()) << digest << ": " << hashes.error().message;
        EXPECT_EQ("0x" + to_hex(hashes->domain_separator), *line.find("domain_separator")->text());
        EXPECT_EQ("0x" + to_hex(hashes->struct_hash), *line.find("struct_hash")->text()) << digest;
        EXPECT_EQ("0x" + to_hex(hashes->digest), digest);
    }
}

TEST(TypedData, RefusesWhatEthersRefuses) {
    const auto lines = golden_lines("eip712_invalid.jsonl");
    ASSERT_GT(lines.size(), 30U);
    for (const Json& line : lines) {
        const auto hashes = hash_typed_data(*line.find("typed_data"));
        ASSERT_FALSE(hashes.has_value()) << *line.find("name")->text();
        EXPECT_EQ(hashes.error().code, ErrorCode::malformed);
    }
}

TEST(TypedData, NamesTheMember) {
    EXPECT_EQ(refusal(one("uint8", "256")), "message.x: is outside the range of uint8");
    EXPECT_EQ(refusal(one("uint8[]", "[1,300]")), "message.x[1]: is outside the range of uint8");
    EXPECT_EQ(refusal(one("uint8[2]", "[1]")), "message.x: has 1 items instead of 2");
    EXPECT_EQ(refusal(one("bool", "1")), "message.x: must be a boolean, not a number");
    EXPECT_EQ(refusal(one("bytes4", "\"0x01\"")), "message.x: has 1 bytes, but its type is bytes4");
    EXPECT_EQ(refusal(one("uint", "1")), "types.T: x: type \"uint\" does not exist (uint8, uint16 … uint256 do)");
    EXPECT_EQ(refusal(one("Other", "1")), "types.T.x: type \"Other\" is not among the types");
    EXPECT_EQ(refusal("[]"), "typed data must be an object, not a list");
    EXPECT_EQ(refusal("{}"), "typed data: types is missing");
}

TEST(TypedData, RefusesOddTypes) {
    for (const char* type : {"", "uint8[", "uint8]", "uint8[]]", "uint8[-1]", "uint8[01]", "uint8[1]x", "[]", "uint8 ",
                             "T.x", "uint8[99999999999999999999]", "bytes032", "int", "bytes-1"}) {
        EXPECT_NE(refusal(one(type, "1")).find("type"), std::string::npos) << type;
    }
}

TEST(TypedData, IntegersReadTheSameInEveryNotation) {
    const std::string expected = hash_of(one("uint256", "255"));
    for (const char* value : {"\"255\"", "\"0xff\"", "\"0xFF\"", "\"0x00ff\"", "\"0255\""}) {
        EXPECT_EQ(hash_of(one("uint256", value)), expected) << value;
    }
    EXPECT_EQ(hash_of(one("int16", "-255")), hash_of(one("int16", "\"-0xff\"")));
    EXPECT_EQ(hash_of(one("uint8", "-0")), hash_of(one("uint8", "0")));
    const std::string largest = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    EXPECT_EQ(hash_of(one("uint256", largest)), hash_of(one("uint256", "\"" + largest + "\"")));
    for (const char* value :
         {"1.5", "1e3", "\"\"", "\"0x\"", "\"-\"", "\"+1\"", "\" 1\"", "\"1_0\"", "true", "null", "[]"}) {
        EXPECT_NE(hash_of(one("uint256", value)).find("message.x"), std::string::npos) << value;
    }
}

TEST(TypedData, TheDomainAloneCanBeThePrimaryType) {
    const auto hashes = hash_typed_data(*codec::parse_json(
        R"({"types":{"EIP712Domain":[{"name":"name","type":"string"}]},"primaryType":"EIP712Domain","domain":{"name":"x"},"message":{}})"));
    ASSERT_TRUE(hashes.has_value());
    EXPECT_EQ(hashes->struct_hash, hashes->domain_separator);
    Bytes signed_bytes = {0x19, 0x01};
    signed_bytes.insert(signed_bytes.end(), hashes->domain_separator.begin(), hashes->domain_separator.end());
    EXPECT_EQ(hashes->digest, keccak256(signed_bytes));
}

TEST(TypedData, BoundsTheTypes) {
    std::string types = R"({"types":{)";
    for (int i = 0; i < 300; ++i) types += (i == 0 ? "\"T" : ",\"T") + std::to_string(i) + "\":[]";
    const std::string rest = R"(},"primaryType":"T0","domain":{},"message":{}})";
    EXPECT_NE(refusal(types + rest).find("more than 256"), std::string::npos);
    const std::string name(40000, 'a');
    EXPECT_NE(refusal(R"({"types":{"T0":[{"name":")" + name + R"(","type":"bool"},{"name":")" + name +
                      R"(b","type":"bool"}])" + rest)
                  .find("64 KiB"),
              std::string::npos);
}

// The same hashes from the pieces that compiled code uses.
TEST(Eip712, PiecesEqualTheTree) {
    const auto parsed =
        codec::parse_json(R"({"types":{"Pay":[{"name":"to","type":"address"},{"name":"value","type":"uint128"},
        {"name":"flag","type":"bool"},{"name":"memo","type":"string"},{"name":"data","type":"bytes"},{"name":"key","type":"bytes32"}]},
        "primaryType":"Pay","domain":{"name":"Assay","version":"1","chainId":777,
        "verifyingContract":"0x00000000000000000000000000000000000000aa",
        "salt":"0x0100000000000000000000000000000000000000000000000000000000000000"},
        "message":{"to":"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed","value":"0xffeeddccbbaa99887766554433221100","flag":true,
        "memo":"hello","data":"0x0102","key":"0x0100000000000000000000000000000000000000000000000000000000000000"}})");
    const auto tree = hash_typed_data(*parsed);
    ASSERT_TRUE(tree.has_value()) << tree.error().message;
    Digest salt{};
    salt[0] = 1;
    Address contract;
    contract.bytes.back() = 0xaa;
    const Uint128 value = Uint128{0xffeeddccbbaa9988} << 64 | 0x7766554433221100;
    const Digest separator = eip712_domain_separator(
        {.name = "Assay", .version = "1", .chain_id = 777, .verifying_contract = contract, .salt = salt});
    Eip712Struct message(
        eip712_type_hash("Pay(address to,uint128 value,bool flag,string memo,bytes data,bytes32 key)"));
    message.add_address(*parse_address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")).add_uint(value).add_bool(true);
    const Digest struct_hash = message.add_string("hello").add_bytes(Bytes{1, 2}).add_word(salt).finish();
    EXPECT_EQ(separator, tree->domain_separator);
    EXPECT_EQ(struct_hash, tree->struct_hash);
    EXPECT_EQ(eip712_digest(separator, struct_hash), tree->digest);
}

TEST(Eip712, DomainsOfAnySubset) {
    const auto tree = [](std::string_view domain) {
        return hash_typed_data(*codec::parse_json(R"({"types":{"T":[]},"primaryType":"T","message":{},"domain":)" +
                                                  std::string(domain) + "}"))
            ->domain_separator;
    };
    EXPECT_EQ(eip712_domain_separator({}), tree("{}"));
    EXPECT_EQ(eip712_domain_separator({.name = "x"}), tree(R"({"name":"x"})"));
    EXPECT_EQ(eip712_domain_separator({.version = "2", .chain_id = 5}), tree(R"({"chainId":5,"version":"2"})"));
}

} // namespace
} // namespace assay::crypto
