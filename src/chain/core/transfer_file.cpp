// Writes signed transfers for tests/comet and bench/comet.py, as hexadecimal text.
//   chain_transfers ACCOUNTS TRANSFERS
// First a line with the accounts' addresses, which a genesis must fund, then a line for each transfer, in an order in which
// all are valid: account 0, 1, …, 0, 1, … The same numbers give the same text.
#include "chain/transfer_load.h"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <thread>

namespace {

using namespace assay;

bool read_number(const char* text, std::size_t& value) {
    const char* const end = text + std::strlen(text);
    const auto parsed = std::from_chars(text, end, value);
    return parsed.ec == std::errc() && parsed.ptr == end && value > 0;
}

} // namespace

int main(int argc, char** argv) {
    chain::TransferLoadChoice choice;
    if (argc != 3 || !read_number(argv[1], choice.accounts) || !read_number(argv[2], choice.transfers)) {
        std::fprintf(stderr, "usage: %s ACCOUNTS TRANSFERS\n", argv[0]);
        return 2;
    }
    choice.threads = std::thread::hardware_concurrency();
    const chain::TransferLoad load = chain::make_transfer_load(choice);
    for (const crypto::Address& account : load.accounts) std::printf("%s ", crypto::to_string(account).c_str());
    std::printf("\n");
    for (const Bytes& transfer : load.transfers) std::printf("%s\n", to_hex(transfer).c_str());
    return std::fflush(stdout) == 0 ? 0 : 1;
}
