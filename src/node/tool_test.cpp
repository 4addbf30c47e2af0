#include "node/tool.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace assay::node {
namespace {

std::string error_of(std::string_view line) {
    const codec::Json answer = *codec::parse_json(run_tool_line(line));
    return *answer.find("ok")->boolean() ? "accepted" : *answer.find("error")->text();
}

std::string member(std::string_view line, std::string_view key) {
    const std::string answer = run_tool_line(line);
    const codec::Json json = *codec::parse_json(answer);
    const codec::Json* value = json.find(key);
    return value == nullptr || value->text() == nullptr ? answer : *value->text();
}

TEST(Tool, ConvertsDagCborBothWays) {
    // RFC 8949 appendix A; the CID was made by npm multiformats.
    EXPECT_EQ(
        run_tool_line(R"({"op":"dag-cbor.decode","hex":"0xa26161016162820203"})"),
        R"({"ok":true,"json":{"a":1,"b":[2,3]},"cid":"bafyreifui52pdbpbe2f4hp6gmdycwektkrqdavs52g3ryul2ooinxmsoai"})");
    EXPECT_EQ(
        run_tool_line(R"({"op":"dag-cbor.encode","json":{"b":[2,3],"a":1}})"),
        R"({"ok":true,"hex":"0xa26161016162820203","cid":"bafyreifui52pdbpbe2f4hp6gmdycwektkrqdavs52g3ryul2ooinxmsoai"})");
    EXPECT_EQ(member(R"({"op":"dag-cbor.encode","json":18446744073709551615})", "hex"), "0x1bffffffffffffffff");
    EXPECT_EQ(member(R"({"op":"dag-cbor.encode","json":{"/":{"bytes":"AQI"}}})", "hex"), "0x420102");
    EXPECT_EQ(member(R"({"op":"dag-cbor.encode","json":null})", "hex"), "0xf6");
    EXPECT_NE(error_of(R"({"op":"dag-cbor.decode","hex":"1817"})").find("byte"), std::string::npos);
}

TEST(Tool, NamesFilesAsIpfsDoes) {
    const auto path = std::filesystem::temp_directory_path() / "assay_tool_test.txt";
    std::ofstream(path) << "hello world\n";
    EXPECT_EQ(
        run_tool_line(R"({"op":"cid.of_file","path":")" + path.string() + R"("})"),
        R"({"ok":true,"cid":"bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4","cidv0":"QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"})");
    std::filesystem::remove(path);
    EXPECT_NE(error_of(R"({"op":"cid.of_file","path":"/nowhere/at/all"})").find("/nowhere/at/all"), std::string::npos);
}

TEST(Tool, ConvertsRlpBothWays) {
    EXPECT_EQ(run_tool_line(R"({"op":"rlp.decode","hex":"c88363617483646f67"})"),
              R"({"ok":true,"json":["0x636174","0x646f67"]})");
    EXPECT_EQ(run_tool_line(R"({"op":"rlp.decode","hex":"0xc7c0c1c0c3c0c1c0"})"),
              R"({"ok":true,"json":[[],[[]],[[],[[]]]]})");
    EXPECT_EQ(run_tool_line(R"({"op":"rlp.encode","json":["0x636174",["646f67","0x"]]})"),
              R"({"ok":true,"hex":"0xca83636174c583646f6780"})");
    EXPECT_NE(error_of(R"({"op":"rlp.encode","json":[1]})").find("a number"), std::string::npos);
    EXPECT_NE(error_of(R"({"op":"rlp.decode","hex":"8100"})").find("byte 1"), std::string::npos);
}

TEST(Tool, Hashes) {
    const std::string empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    EXPECT_EQ(run_tool_line(R"({"op":"keccak256","hex":"0x"})"),
              R"({"ok":true,"hash":")" + empty + R"(","hex":")" + empty + R"("})");
    EXPECT_EQ(member(R"({"cmd":"sha256","hex":"616263"})", "hash"),
              "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(member(R"({"op":"sha256","text":"abc"})", "hash"),
              "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(member(R"x({"op":"keccak256","text":"transfer(address,uint256)"})x", "hash").substr(0, 10), "0xa9059cbb");
    EXPECT_EQ(member(R"({"op":"merkle.rfc6962","leaves":[]})", "root"),
              "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(
        member(
            R"({"op":"merkle.rfc6962","leaves":["","0x00","10","2021","3031","40414243","5051525354555657","606162636465666768696a6b6c6d6e6f"]})",
            "root"),
        "0x5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"); // of Certificate Transparency's tests
    EXPECT_EQ(member(R"({"op":"address.checksum","address":"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"})", "address"),
              "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
}

// The example of EIP-712: typed data, its hashes, the signature by the key keccak256("cow").
constexpr const char* kMail =
    R"({"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],"Person":[{"name":"name","type":"string"},{"name":"wallet","type":"address"}],"Mail":[{"name":"from","type":"Person"},{"name":"to","type":"Person"},{"name":"contents","type":"string"}]},"primaryType":"Mail","domain":{"name":"Ether Mail","version":"1","chainId":1,"verifyingContract":"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},"message":{"from":{"name":"Cow","wallet":"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},"to":{"name":"Bob","wallet":"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},"contents":"Hello, Bob!"}})";
constexpr const char* kMailHashes =
    R"({"ok":true,"domain_separator":"0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f","struct_hash":"0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e","digest":"0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"})";
const std::string kSigned =
    R"("digest":"0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2","signature":"0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c")";

TEST(Tool, HashesTypedData) {
    EXPECT_EQ(run_tool_line(R"({"op":"eip712.hash","typed_data":)" + std::string(kMail) + "}"), kMailHashes);
    std::string as_text = R"({"op":"eip712.hash","typed_data":)";
    codec::append_json_string(as_text, kMail);
    EXPECT_EQ(run_tool_line(as_text + "}"), kMailHashes);
    EXPECT_EQ(error_of(R"({"op":"eip712.hash","typed_data":{}})"), "typed data: types is missing");
}

TEST(Tool, RecoversAndVerifiesEcdsa) {
    const std::string recovered = R"({"op":"ecdsa.recover",)" + kSigned + "}";
    EXPECT_EQ(member(recovered, "address"), "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826");
    const std::string key = member(recovered, "public_key");
    const std::string verify = R"({"op":"ecdsa.verify","public_key":")" + key + "\"," + kSigned + "}";
    EXPECT_EQ(run_tool_line(verify), R"({"ok":true,"valid":true})");
    std::string other = verify;
    other[other.find("0xbe609a") + 2] = 'c';
    EXPECT_EQ(run_tool_line(other), R"({"ok":true,"valid":false})");
    EXPECT_NE(error_of(R"({"op":"ecdsa.recover","digest":"00","signature":"00"})").find("digest has 1 bytes"),
              std::string::npos);
}

TEST(Tool, VerifiesEd25519) {
    // RFC 8032, section 7.1, test 2.
    const std::string line =
        R"({"op":"ed25519.verify","public_key":"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c","message":"72","signature":"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"})";
    EXPECT_EQ(run_tool_line(line), R"({"ok":true,"valid":true})");
    std::string other = line;
    other[other.find("\"72\"") + 2] = '3';
    EXPECT_EQ(run_tool_line(other), R"({"ok":true,"valid":false})");
}

TEST(Tool, AnswersBadLinesInOneLine) {
    EXPECT_EQ(error_of(""), "the line is empty");
    EXPECT_NE(error_of("{").find("JSON, byte 1"), std::string::npos);
    EXPECT_EQ(error_of("[]"), "a line must be an object, not a list");
    EXPECT_EQ(error_of("{}"), "op is missing: the operation's name");
    EXPECT_NE(error_of(R"({"op":"dance"})").find("\"dance\" does not exist; there are dag-cbor.decode"),
              std::string::npos);
    EXPECT_EQ(error_of(R"({"op":7})"), "op must be a string, not a number");
    EXPECT_EQ(error_of(R"({"op":"keccak256"})"), "hex is missing");
    EXPECT_EQ(error_of(R"({"op":"keccak256","hex":5})"), "hex must be a string, not a number");
    EXPECT_EQ(error_of(R"({"op":"keccak256","hex":"0xabc"})"), "hex: hexadecimal text has an odd number of digits");
    EXPECT_EQ(error_of(R"({"op":"merkle.rfc6962","leaves":["00","zz"]})"),
              "leaves[1]: character 0 is not a hexadecimal digit");
    for (const char* line :
         {"\xff", "{\"op\":\"a\nb\"}", R"({"op":"a\nb"})", R"({"op":"ééééééééééééééééééééééééééééééééééééé"})"}) {
        const std::string answer = run_tool_line(line);
        EXPECT_EQ(answer.find('\n'), std::string::npos);
        EXPECT_TRUE(codec::parse_json(answer).has_value()) << answer;
    }
}

TEST(ToolLines, ServesTheLineAfterABadOne) {
    ToolLines lines;
    EXPECT_EQ(lines.feed("{\"op\":\"sha256\","), "");
    const std::string answers = lines.feed("\"hex\":\"\"}\nnonsense\n{\"op\":\"keccak256\",\"hex\":\"\"}");
    EXPECT_EQ(std::count(answers.begin(), answers.end(), '\n'), 2);
    EXPECT_TRUE(answers.starts_with(R"({"ok":true,"hash":"0xe3b0c442)"));
    EXPECT_NE(answers.find("\n{\"ok\":false"), std::string::npos);
    EXPECT_TRUE(lines.finish().starts_with(R"({"ok":true,"hash":"0xc5d24601)"));
    EXPECT_EQ(lines.finish(), "");
}

TEST(ToolLines, SkipsALineThatIsTooLong) {
    ToolLines lines;
    const std::string part(std::size_t{16} << 20, 'a');
    for (int i = 0; i < 5; ++i) EXPECT_EQ(lines.feed(part), "");
    const std::string answers = lines.feed("a\n{\"op\":\"sha256\",\"hex\":\"\"}\n");
    EXPECT_TRUE(answers.starts_with(R"({"ok":false,"error":"the line is longer than 67108864 bytes"})")) << answers;
    EXPECT_NE(answers.find("\n{\"ok\":true"), std::string::npos);
}

} // namespace
} // namespace assay::node
