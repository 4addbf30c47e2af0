#include "chain/state/node.h"

#include "crypto/merkle.h"

#include <algorithm>
#include <cstring>

namespace assay::chain {
namespace {

constexpr std::uint8_t kInnerRecord = 1;
constexpr std::uint8_t kBucketRecord = 2;

void add_varint(Bytes& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
    out.push_back(static_cast<std::uint8_t>(value));
}

/// Reads a record from front to back; after the first thing that is not there, is_good() stays false.
class RecordReader {
public:
    explicit RecordReader(ByteView record) : rest_(record) {}

    std::uint8_t byte() {
        if (!need(1)) return 0;
        const std::uint8_t value = rest_[0];
        rest_ = rest_.subspan(1);
        return value;
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 63; shift += 7) {
            const std::uint8_t next = byte();
            value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
        is_good_ = false;
        return 0;
    }
    void bytes(std::uint8_t* out, std::size_t count) {
        if (!need(count)) return;
        std::memcpy(out, rest_.data(), count);
        rest_ = rest_.subspan(count);
    }
    bool is_good() const { return is_good_; }
    bool is_at_end() const { return rest_.empty(); }

private:
    bool need(std::size_t count) {
        is_good_ = is_good_ && rest_.size() >= count;
        return is_good_;
    }
    ByteView rest_;
    bool is_good_ = true;
};

} // namespace

unsigned InnerNode::weight(unsigned at) const {
    if (at >= kChildren) return std::min<unsigned>(children[at - kChildren].leaves, 2);
    return std::min(2U, weight(2 * at) + weight(2 * at + 1));
}

const Digest& InnerNode::hash_at(unsigned at) const {
    const unsigned leaves = weight(at);
    if (leaves == 0) return kEmptyDigest;
    while (leaves == 1 && at < kChildren) at = weight(2 * at) == 1 ? 2 * at : 2 * at + 1;
    return at >= kChildren ? children[at - kChildren].hash : middles[at];
}

void InnerNode::compute_middles() {
    if (has_middles) return;
    for (unsigned at = kChildren - 1; at >= 1; --at) {
        if (weight(at) == 2) middles[at] = crypto::merkle_node(hash_at(2 * at), hash_at(2 * at + 1));
    }
    has_middles = true;
}

NodePath NodePath::child(unsigned nibble) const {
    NodePath path = *this;
    path.key[depth / 2] |= static_cast<std::uint8_t>(depth % 2 == 0 ? nibble << 4 : nibble);
    ++path.depth;
    return path;
}

std::string NodePath::text() const { return depth == 0 ? "root" : to_hex(key).substr(0, depth); }

NodeKey::NodeKey(std::uint64_t version, std::size_t module, const NodePath& path) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes[size++] = static_cast<std::uint8_t>(version >> shift);
    bytes[size++] = static_cast<std::uint8_t>(module);
    bytes[size++] = static_cast<std::uint8_t>(path.depth);
    const unsigned packed = (path.depth + 1) / 2;
    std::memcpy(bytes.data() + size, path.key.data(), packed);
    size = static_cast<std::uint8_t>(size + packed);
}

void encode_inner(const InnerNode& node, std::uint64_t version, Bytes& out) {
    out.push_back(kInnerRecord);
    std::uint32_t present = 0;
    for (unsigned i = 0; i < kChildren; ++i) present |= node.children[i].is_empty() ? 0U : 1U << i;
    out.push_back(static_cast<std::uint8_t>(present >> 8));
    out.push_back(static_cast<std::uint8_t>(present));
    for (const Child& child : node.children) {
        if (child.is_empty()) continue;
        out.push_back(child.leaves);
        add_varint(out, version - child.version);
        out.insert(out.end(), child.hash.begin(), child.hash.end());
    }
}

void encode_bucket(const Bucket& bucket, std::uint64_t version, unsigned depth, Bytes& out) {
    out.push_back(kBucketRecord);
    out.push_back(static_cast<std::uint8_t>(bucket.size()));
    for (const Leaf& leaf : bucket) {
        out.insert(out.end(), leaf.key.begin() + depth / 2, leaf.key.end());
        out.insert(out.end(), leaf.hash.begin(), leaf.hash.end());
        add_varint(out, version - leaf.location.version);
        add_varint(out, leaf.location.index);
    }
}

Result<void> decode_inner(ByteView record, std::uint64_t version, InnerNode& node) {
    RecordReader reader(record);
    if (reader.byte() != kInnerRecord) return fail(ErrorCode::malformed, "not the record of an inner node");
    const unsigned high = reader.byte();
    const unsigned present = (high << 8) | reader.byte();
    node.has_middles = false;
    for (unsigned i = 0; i < kChildren; ++i) {
        Child& child = node.children[i];
        child = Child{};
        if (((present >> i) & 1U) == 0) continue;
        child.leaves = reader.byte();
        const std::uint64_t age = reader.varint();
        reader.bytes(child.hash.data(), child.hash.size());
        if (!reader.is_good()) return fail(ErrorCode::malformed, "inner node is cut short");
        const bool is_bucket = child.leaves >= 1 && child.leaves <= kBucketLeavesMax;
        if (!is_bucket && !child.is_inner()) return fail(ErrorCode::malformed, "child of an impossible kind");
        if (age > version) return fail(ErrorCode::malformed, "child older than the first version");
        child.version = version - age;
    }
    if (!reader.is_good()) return fail(ErrorCode::malformed, "inner node is cut short");
    if (!reader.is_at_end()) return fail(ErrorCode::malformed, "bytes behind an inner node");
    return {};
}

Result<void> decode_bucket(ByteView record, std::uint64_t version, const NodePath& path, Bucket& bucket) {
    RecordReader reader(record);
    if (reader.byte() != kBucketRecord) return fail(ErrorCode::malformed, "not the record of a bucket");
    const std::size_t count = reader.byte();
    if (count < 1 || count > kBucketLeavesMax) return fail(ErrorCode::malformed, "bucket with an impossible count");
    bucket.resize(count);
    const unsigned known = path.depth / 2; // whole bytes that the path gives
    for (std::size_t i = 0; i < count; ++i) {
        Leaf& leaf = bucket[i];
        std::memcpy(leaf.key.data(), path.key.data(), known);
        reader.bytes(leaf.key.data() + known, leaf.key.size() - known);
        reader.bytes(leaf.hash.data(), leaf.hash.size());
        const std::uint64_t age = reader.varint();
        const std::uint64_t index = reader.varint();
        if (!reader.is_good()) return fail(ErrorCode::malformed, "bucket is cut short");
        if (age > version || index > UINT32_MAX) return fail(ErrorCode::malformed, "leaf with an impossible location");
        leaf.location = {version - age, static_cast<std::uint32_t>(index)};
        if (!path.covers(leaf.key)) return fail(ErrorCode::malformed, "leaf outside its bucket's path");
        if (i > 0 && bucket[i - 1].key >= leaf.key) return fail(ErrorCode::malformed, "leaves out of order");
    }
    if (!reader.is_at_end()) return fail(ErrorCode::malformed, "bytes behind a bucket");
    return {};
}

std::size_t split_at_bit(std::span<const Leaf> leaves, unsigned bit) {
    std::size_t split = 0;
    while (split < leaves.size() && bit_of(leaves[split].key, bit) == 0) ++split;
    return split;
}

Digest bucket_hash(std::span<const Leaf> leaves, unsigned bit) {
    if (leaves.empty()) return kEmptyDigest;
    if (leaves.size() == 1) return leaves[0].hash;
    const std::size_t split = split_at_bit(leaves, bit);
    return crypto::merkle_node(bucket_hash(leaves.first(split), bit + 1), bucket_hash(leaves.subspan(split), bit + 1));
}

} // namespace assay::chain
