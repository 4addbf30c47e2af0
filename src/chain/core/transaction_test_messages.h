#pragma once
/// The messages of tests/golden/chain/transactions.tsv. For tests and fuzzers only.
#include "chain/message.h"

namespace assay::chain::testing {

struct Transfer {
    static constexpr std::string_view kType = "bank/transfer";
    static constexpr std::string_view kStruct = "BankTransfer";
    Address to;
    Address token;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("to", self.to);
        visit("token", self.token);
        visit("amount", self.amount);
    }
};

struct Alpha {
    static constexpr std::string_view kStruct = "Alpha";
    Address who;
    std::string note;
    static void fields(auto&& self, auto&& visit) {
        visit("who", self.who);
        visit("note", self.note);
    }
};

struct Zeta {
    static constexpr std::string_view kStruct = "Zeta";
    std::uint32_t ppm = 0;
    std::vector<Alpha> owners;
    static void fields(auto&& self, auto&& visit) {
        visit("ppm", self.ppm);
        visit("owners", self.owners);
    }
};

struct Everything {
    static constexpr std::string_view kType = "test/everything";
    static constexpr std::string_view kStruct = "TestEverything";
    bool flag = false;
    std::uint8_t small = 0;
    std::uint32_t medium = 0;
    std::uint64_t large = 0;
    std::int64_t signed_number = 0;
    Amount amount;
    Address account;
    Digest digest{};
    Bytes data;
    std::string text;
    Zeta part;
    std::vector<Zeta> parts;
    std::vector<std::uint64_t> numbers;
    std::vector<std::string> names;
    std::vector<Digest> digests;
    static void fields(auto&& self, auto&& visit) {
        visit("flag", self.flag);
        visit("small", self.small);
        visit("medium", self.medium);
        visit("large", self.large);
        visit("signed", self.signed_number);
        visit("amount", self.amount);
        visit("account", self.account);
        visit("digest", self.digest);
        visit("data", self.data);
        visit("text", self.text);
        visit("part", self.part);
        visit("parts", self.parts);
        visit("numbers", self.numbers);
        visit("names", self.names);
        visit("digests", self.digests);
    }
};

struct Empty {
    static constexpr std::string_view kType = "test/empty";
    static constexpr std::string_view kStruct = "TestEmpty";
    static void fields(auto&&, auto&&) {}
};

inline MessageRegistry make_registry() {
    MessageRegistry registry;
    const auto nothing = [](Context&, const Address&, const auto&) -> Result<void> { return {}; };
    registry.add<Transfer>(1, nothing);
    registry.add<Everything>(1, nothing);
    registry.add<Empty>(1, nothing);
    return registry;
}

} // namespace assay::chain::testing
