// What reads as DAG-JSON must be written in one form, which reads as the same value; so must what DAG-CBOR says.
#include "base/assert.h"
#include "codec/dag_json.h"

using namespace assay;
using namespace assay::codec;

namespace {

void check(const Value& value) {
    const auto text = encode_dag_json(value);
    if (!text) return; // deeper than DAG-CBOR allows, or a map that JSON cannot say
    const auto again = decode_dag_json(*text);
    ASSAY_ASSERT(again.has_value());
    ASSAY_ASSERT(*again == value);
    ASSAY_ASSERT(*encode_dag_json(*again) == *text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes(data, size);
    const DecodeLimits limits{.size_max = 1 << 20, .items_max = 1 << 16};
    if (const auto value = decode_dag_json(as_string_view(bytes), limits)) check(*value);
    if (const auto value = decode_dag_cbor(bytes, limits)) check(*value);
    return 0;
}
