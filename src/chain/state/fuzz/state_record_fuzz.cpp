// Every decoder of stored or received state: nodes, changes, versions, lists, snapshot metadata and chunks. Nothing may crash;
// what decodes encodes to the same bytes where the encoding is meant to be the only one.
#include "base/assert.h"
#include "chain/state/snapshot_format.h"
#include "chain/state/state_tables.h"

#include <algorithm>

namespace {

using namespace assay;
using namespace assay::chain;

void check_nodes(ByteView bytes) {
    constexpr std::uint64_t kVersion = 1'000'000;
    InnerNode node;
    if (decode_inner(bytes, kVersion, node)) {
        node.compute_middles();
        Bytes out;
        encode_inner(node, kVersion, out);
        InnerNode again;
        ASSAY_ASSERT(decode_inner(out, kVersion, again) && again.children == node.children);
    }
    Bucket bucket;
    if (decode_bucket(bytes, kVersion, NodePath{}, bucket)) {
        (void)bucket_hash(bucket, 0);
        Bytes out;
        encode_bucket(bucket, kVersion, 0, out);
        Bucket again;
        ASSAY_ASSERT(decode_bucket(out, kVersion, NodePath{}, again) && again == bucket);
    }
}

void check_tables(ByteView bytes) {
    if (const auto value = decode_value(bytes)) {
        Bytes out;
        encode_value(*value, out);
        ASSAY_ASSERT(std::ranges::equal(out, bytes));
    }
    if (const auto version = decode_version(1'000'000, bytes)) {
        Bytes out;
        encode_version(*version, out);
        ASSAY_ASSERT(std::ranges::equal(out, bytes));
    }
    StaleList list;
    (void)decode_stale(bytes, list);
}

void check_snapshot(ByteView bytes) {
    if (const auto metadata = decode_metadata(bytes))
        ASSAY_ASSERT(std::ranges::equal(*encode_metadata(*metadata), bytes));
    ByteView rest = bytes;
    Bytes out;
    while (!rest.empty()) {
        const auto entry = read_entry(rest);
        if (!entry) return;
        encode_entry(*entry, out);
        ASSAY_ASSERT(std::ranges::equal(out, bytes.first(bytes.size() - rest.size())));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView bytes(data + 1, size - 1);
    switch (data[0] % 3) {
        case 0: check_nodes(bytes); break;
        case 1: check_tables(bytes); break;
        default: check_snapshot(bytes); break;
    }
    return 0;
}
