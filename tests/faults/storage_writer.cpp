/// What storage_fault_test runs under a failing disk: commits one after another and says so after each.
///   storage_writer FOLDER COMMITS      prints "committed N" for each, or "error: …" and exits with 1
/// Commit N writes N into every key of `many` that it touches, and the keys depend on N alone.
#include "storage/lmdb_database.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

using namespace assay;
using namespace assay::storage;

namespace {

int refused(const Error& error) {
    std::printf("error: %s\n", error.message.c_str());
    return 1;
}

int run(const std::filesystem::path& folder, std::uint64_t commits) {
    auto database = LmdbDatabase::open(folder);
    if (!database) return refused(database.error());
    const auto many = (*database)->open_table("many");
    if (!many) return refused(many.error());
    for (std::uint64_t number = 1; number <= commits; ++number) {
        auto writer = (*database)->begin_write();
        if (!writer) return refused(writer.error());
        const std::string text = std::to_string(number);
        for (std::uint64_t i = 0; i < 60; ++i) {
            const std::string key = std::to_string((number * 37 + i * 7) % 500);
            (*writer)->put(*many, as_byte_view(key), as_byte_view(text));
        }
        (*writer)->put(*many, as_byte_view("large"), Bytes(9000, static_cast<std::uint8_t>(number)));
        (*writer)->put(*many, as_byte_view("last"), as_byte_view(text));
        if (const auto committed = (*writer)->commit(); !committed) return refused(committed.error());
        std::printf("committed %s\n", text.c_str());
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    return run(argv[1], std::strtoull(argv[2], nullptr, 10));
}
