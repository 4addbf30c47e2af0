#include "crypto/unixfs.h"

#include "base/assert.h"
#include "codec/varint.h"
#include "crypto/content_id.h"

#include <algorithm>
#include <cstdio>
#include <memory>

namespace assay::crypto {
namespace {

// Protobuf keys (field << 3 | wire type); 0 = varint, 2 = length-delimited.
constexpr std::uint8_t kPbNodeData = 0x0a, kPbNodeLinks = 0x12;
constexpr std::uint8_t kPbLinkHash = 0x0a, kPbLinkName = 0x12, kPbLinkTsize = 0x18;
constexpr std::uint8_t kUnixFsType = 0x08, kUnixFsData = 0x12, kUnixFsFileSize = 0x18, kUnixFsBlockSizes = 0x20;
constexpr std::uint64_t kTypeDirectory = 1, kTypeFile = 2;
constexpr std::size_t kDirectoryBlockMax = 262144;

void append_number(Bytes& out, std::uint8_t key, std::uint64_t number) {
    out.push_back(key);
    codec::append_varint(out, number);
}

void append_bytes(Bytes& out, std::uint8_t key, ByteView bytes) {
    append_number(out, key, bytes.size());
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_link(Bytes& block, std::string_view name, const UnixFsLink& link) {
    Bytes out;
    append_bytes(out, kPbLinkHash, link.cid.to_bytes());
    append_bytes(out, kPbLinkName, as_byte_view(name)); // written even when empty
    append_number(out, kPbLinkTsize, link.dag_bytes);
    append_bytes(block, kPbNodeLinks, out);
}

codec::Cid dag_pb_cid(const Digest& digest, const UnixFsProfile& profile) {
    if (profile.cid_version == 1) return content_id(codec::kCodecDagPb, digest);
    auto cid = codec::Cid::make_v0(digest);
    ASSAY_ASSERT(cid.has_value());
    return std::move(*cid);
}

/// What surrounds the bytes of a chunk in its dag-pb leaf; both empty for raw leaves.
struct Envelope {
    Bytes before, after;
};

Envelope envelope_of(std::size_t chunk_bytes, const UnixFsProfile& profile) {
    if (profile.raw_leaves) return {};
    Bytes data_before, after;
    append_number(data_before, kUnixFsType, kTypeFile);
    if (chunk_bytes > 0) append_number(data_before, kUnixFsData, chunk_bytes);
    append_number(after, kUnixFsFileSize, chunk_bytes);
    Bytes before;
    append_number(before, kPbNodeData, data_before.size() + chunk_bytes + after.size());
    before.insert(before.end(), data_before.begin(), data_before.end());
    return {std::move(before), std::move(after)};
}

UnixFsLink leaf_link(const Digest& digest, std::size_t chunk_bytes, const Envelope& envelope,
                     const UnixFsProfile& profile) {
    const std::uint64_t block_bytes = envelope.before.size() + chunk_bytes + envelope.after.size();
    return {profile.raw_leaves ? content_id(codec::kCodecRaw, digest) : dag_pb_cid(digest, profile), chunk_bytes,
            block_bytes};
}

UnixFsLink leaf_of(ByteView chunk, const UnixFsProfile& profile) {
    const Envelope envelope = envelope_of(chunk.size(), profile);
    Sha256 hash;
    hash.update(envelope.before);
    hash.update(chunk);
    hash.update(envelope.after);
    return leaf_link(hash.finish(), chunk.size(), envelope, profile);
}

} // namespace

std::vector<UnixFsLink> unixfs_leaves(ByteView data, const UnixFsProfile& profile) {
    const std::size_t chunk = profile.chunk_bytes;
    const Envelope envelope = envelope_of(chunk, profile);
    std::vector<UnixFsLink> leaves;
    leaves.reserve(data.size() / chunk + 1);
    Sha256Pair hash;
    for (; data.size() >= 2 * chunk; data = data.subspan(2 * chunk)) {
        hash.update({envelope.before, envelope.before});
        hash.update({data.first(chunk), data.subspan(chunk, chunk)});
        hash.update({envelope.after, envelope.after});
        for (const Digest& digest : hash.finish_all()) leaves.push_back(leaf_link(digest, chunk, envelope, profile));
    }
    for (; !data.empty(); data = data.subspan(std::min(chunk, data.size()))) {
        leaves.push_back(leaf_of(data.first(std::min(chunk, data.size())), profile));
    }
    return leaves;
}

void UnixFsTree::add(UnixFsLink leaf) { add_at(0, std::move(leaf)); }

void UnixFsTree::add_at(std::size_t level, UnixFsLink link) {
    if (level == levels_.size()) levels_.emplace_back();
    if (levels_[level].size() == profile_.links_max) add_at(level + 1, collapse(level));
    levels_[level].push_back(std::move(link));
}

UnixFsLink UnixFsTree::collapse(std::size_t level) {
    Bytes block, data;
    std::uint64_t file_bytes = 0, dag_bytes = 0;
    for (const UnixFsLink& link : levels_[level]) {
        append_link(block, "", link);
        file_bytes += link.file_bytes;
        dag_bytes += link.dag_bytes;
    }
    append_number(data, kUnixFsType, kTypeFile);
    append_number(data, kUnixFsFileSize, file_bytes);
    for (const UnixFsLink& link : levels_[level]) append_number(data, kUnixFsBlockSizes, link.file_bytes);
    append_bytes(block, kPbNodeData, data);
    levels_[level].clear();
    return {dag_pb_cid(sha256(block), profile_), file_bytes, dag_bytes + block.size()};
}

UnixFsLink UnixFsTree::finish() {
    if (levels_.empty()) return leaf_of({}, profile_);
    for (std::size_t level = 0;; ++level) {
        if (level + 1 == levels_.size() && levels_[level].size() == 1) return std::move(levels_[level].front());
        add_at(level + 1, collapse(level));
    }
}

void UnixFsBuilder::add_leaves(ByteView bytes) {
    for (UnixFsLink& leaf : unixfs_leaves(bytes, profile_)) tree_.add(std::move(leaf));
}

void UnixFsBuilder::update(ByteView bytes) {
    const std::size_t pair = 2 * profile_.chunk_bytes;
    if (!buffer_.empty()) {
        const std::size_t taken = std::min(pair - buffer_.size(), bytes.size());
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
        bytes = bytes.subspan(taken);
        if (buffer_.size() < pair) return;
        add_leaves(buffer_);
        buffer_.clear();
    }
    const std::size_t whole = bytes.size() / pair * pair;
    add_leaves(bytes.first(whole));
    bytes = bytes.subspan(whole);
    buffer_.assign(bytes.begin(), bytes.end());
}

codec::Cid UnixFsBuilder::finish() {
    add_leaves(buffer_);
    buffer_.clear();
    return tree_.finish().cid;
}

codec::Cid unixfs_cid(ByteView file, const UnixFsProfile& profile) {
    UnixFsBuilder builder(profile);
    builder.update(file);
    return builder.finish();
}

Result<codec::Cid> unixfs_cid_of_file(const std::filesystem::path& path, const UnixFsProfile& profile,
                                      const HashProgress& progress) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return fail(ErrorCode::not_found, path.string() + ": no such file");
    const std::uint64_t all = std::filesystem::file_size(path, error);
    if (error) return fail(ErrorCode::io, path.string() + ": " + error.message());
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file) return fail(ErrorCode::io, path.string() + ": cannot be read");
    UnixFsBuilder builder(profile);
    Bytes piece(2 * profile.chunk_bytes);
    for (std::uint64_t done = 0;;) {
        const std::size_t size = std::fread(piece.data(), 1, piece.size(), file.get());
        if (std::ferror(file.get()) != 0) return fail(ErrorCode::io, path.string() + ": read failed");
        if (size == 0) return builder.finish();
        builder.update(ByteView(piece).first(size));
        done += size;
        if (progress && !progress(done, std::max(all, done))) return fail(ErrorCode::cancelled, "hashing was stopped");
    }
}

Result<codec::Cid> unixfs_directory_cid(std::vector<UnixFsEntry> entries, const UnixFsProfile& profile) {
    std::sort(entries.begin(), entries.end(),
              [](const UnixFsEntry& a, const UnixFsEntry& b) { return a.name < b.name; });
    Bytes block, data;
    const std::string* previous = nullptr;
    for (const UnixFsEntry& entry : entries) {
        if (entry.name.empty() || entry.name.find('/') != std::string::npos) {
            return fail(ErrorCode::invalid_argument, "directory entry '" + entry.name + "' is not a file name");
        }
        if (previous != nullptr && *previous == entry.name) {
            return fail(ErrorCode::invalid_argument, "directory entry '" + entry.name + "' appears twice");
        }
        append_link(block, entry.name, entry.link);
        previous = &entry.name;
    }
    append_number(data, kUnixFsType, kTypeDirectory);
    append_bytes(block, kPbNodeData, data);
    if (block.size() > kDirectoryBlockMax)
        return fail(ErrorCode::unsupported, "directory block is over 256 KiB and would be sharded");
    return dag_pb_cid(sha256(block), profile);
}

} // namespace assay::crypto
