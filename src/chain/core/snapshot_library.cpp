#include "chain/core/snapshot_library.h"

#include "chain/message.h"

#include <cstdio>
#include <fstream>

namespace assay::chain {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDescriptionName = "description";

struct DescriptionRecord {
    static constexpr std::string_view kStruct = "SnapshotDescription";
    std::uint64_t height = 0;
    std::uint32_t format = 0;
    std::uint32_t chunks = 0;
    Digest hash{};
    Bytes metadata;
    static void fields(auto&& self, auto&& visit) {
        visit("height", self.height);
        visit("format", self.format);
        visit("chunks", self.chunks);
        visit("hash", self.hash);
        visit("metadata", self.metadata);
    }
};

std::string chunk_name(std::uint32_t index) { return "chunk-" + std::to_string(index); }

Result<void> write_file(const fs::path& path, ByteView bytes) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) return fail(ErrorCode::io, "cannot write " + path.string());
    return {};
}

Result<Bytes> read_file(const fs::path& path, std::size_t bytes_max) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) return fail(ErrorCode::io, "cannot read " + path.string() + ": " + error.message());
    if (size > bytes_max) return fail(ErrorCode::malformed, path.string() + " is larger than a snapshot's file can be");
    Bytes bytes(size);
    std::ifstream in(path, std::ios::binary);
    in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!in) return fail(ErrorCode::io, "cannot read " + path.string());
    return bytes;
}

Result<SnapshotDescription> read_description(const fs::path& folder) {
    const Bytes bytes = TRY(read_file(folder / kDescriptionName, kSnapshotMetadataBytesMax + 1024));
    DescriptionRecord record;
    CborReader in(bytes);
    TRY_VOID(decode_struct(struct_info<DescriptionRecord>(), in, &record));
    if (crypto::sha256(record.metadata) != record.hash)
        return fail(ErrorCode::malformed, "metadata has another hash than the description says");
    return SnapshotDescription{record.height, record.format, record.chunks, record.hash, std::move(record.metadata)};
}

} // namespace

SnapshotLibrary::SnapshotLibrary(Options options) : options_(std::move(options)) {
    std::error_code ignored; // a folder that cannot be read holds no snapshots
    for (const auto& entry : fs::directory_iterator(options_.folder, ignored)) {
        auto description = read_description(entry.path());
        if (description && entry.path().filename() == std::to_string(description->height))
            found_.emplace(description->height, std::move(*description));
    }
}

SnapshotLibrary::~SnapshotLibrary() {
    gives_up_ = true;
    wait();
}

void SnapshotLibrary::wait() {
    if (maker_.joinable()) maker_.join();
}

fs::path SnapshotLibrary::folder_of(std::uint64_t height) const { return options_.folder / std::to_string(height); }

void SnapshotLibrary::on_commit(std::shared_ptr<const StateStore> store, std::uint64_t height) {
    if (!is_on() || height % options_.interval_blocks != 0 || is_making_.exchange(true)) return;
    wait(); // the thread before has ended its work
    maker_ = std::jthread([this, store = std::move(store), height] {
        auto made = make(*store, height);
        if (!made) // the chain goes on without it
            std::fprintf(stderr, "warning: no snapshot of height %llu: %s\n", static_cast<unsigned long long>(height),
                         made.error().message.c_str());
        is_making_ = false;
    });
}

Result<void> SnapshotLibrary::make(const StateStore& store, std::uint64_t height) {
    const fs::path making = options_.folder / "making";
    std::error_code error;
    fs::remove_all(making, error);
    fs::create_directories(making, error);
    if (error) return fail(ErrorCode::io, "cannot make " + making.string() + ": " + error.message());
    SnapshotOptions how;
    how.progress = [this](std::uint64_t) { return !gives_up_.load(); };
    const auto keep_chunk = [&](std::uint32_t index, Bytes chunk) {
        return write_file(making / chunk_name(index), chunk);
    };
    const Snapshot snapshot = TRY(make_snapshot(store, height, keep_chunk, how));
    DescriptionRecord record;
    record.height = snapshot.height;
    record.format = snapshot.format;
    record.chunks = snapshot.chunks;
    record.hash = snapshot.hash;
    record.metadata = snapshot.metadata;
    TRY_VOID(write_file(making / kDescriptionName, encode_record(record)));
    fs::remove_all(folder_of(height), error);
    fs::rename(making, folder_of(height), error);
    if (error) return fail(ErrorCode::io, "cannot name " + folder_of(height).string() + ": " + error.message());
    {
        const std::lock_guard lock(mutex_);
        found_.insert_or_assign(height, SnapshotDescription{snapshot.height, snapshot.format, snapshot.chunks,
                                                            snapshot.hash, snapshot.metadata});
    }
    drop_oldest();
    return {};
}

void SnapshotLibrary::drop_oldest() {
    const std::lock_guard lock(mutex_);
    while (found_.size() > std::max<std::size_t>(options_.keep, 1)) {
        std::error_code ignored; // tried again at the next start: without a description it counts for nothing
        fs::remove(folder_of(found_.begin()->first) / kDescriptionName, ignored);
        fs::remove_all(folder_of(found_.begin()->first), ignored);
        found_.erase(found_.begin());
    }
}

std::vector<SnapshotDescription> SnapshotLibrary::list() const {
    const std::lock_guard lock(mutex_);
    std::vector<SnapshotDescription> all;
    for (auto it = found_.rbegin(); it != found_.rend(); ++it) all.push_back(it->second);
    return all;
}

std::uint64_t SnapshotLibrary::oldest_height() const {
    const std::lock_guard lock(mutex_);
    return found_.empty() ? 0 : found_.begin()->first;
}

Result<Bytes> SnapshotLibrary::chunk(std::uint64_t height, std::uint32_t format, std::uint32_t index) const {
    {
        const std::lock_guard lock(mutex_);
        const auto it = found_.find(height);
        if (it == found_.end() || it->second.format != format || index >= it->second.chunks) {
            return fail(ErrorCode::not_found, "no chunk " + std::to_string(index) + " of a snapshot of height " +
                                                  std::to_string(height) + " in format " + std::to_string(format));
        }
    }
    return read_file(folder_of(height) / chunk_name(index), kSnapshotChunkBytesMax);
}

} // namespace assay::chain
