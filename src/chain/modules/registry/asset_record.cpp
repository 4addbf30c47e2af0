/// The canonical form of provenance records, in which references to other content are links.
#include "chain/modules/registry/state.h"

#include "codec/dag_cbor.h"
#include "crypto/content_id.h"

#include <algorithm>

namespace assay::chain::registry {
namespace {

using codec::Cid;
using codec::Value;

/// The link that a CID's text stands for; only the text that the CID itself prints, so that one CID has one record.
Result<Value> link_of(std::string_view field, const Value& text) {
    const std::string& cid_text = *text.text();
    if (cid_text.empty()) return Value();
    auto cid = Cid::parse(cid_text);
    if (!cid) return fail_in(field, cid.error());
    if (cid->to_string() != cid_text)
        return fail(ErrorCode::malformed, std::string(field) + ": CID is not in its usual text form");
    return Value(std::move(*cid));
}

/// A record's CID is that of a DAG-CBOR block.
Value link_to_asset(const Value& id) {
    Digest digest{};
    std::ranges::copy(*id.bytes(), digest.begin());
    return digest == Digest{} ? Value() : Value(crypto::content_id(codec::kCodecDagCbor, digest));
}

Value text_of(const Value* link) {
    return link != nullptr && link->link() != nullptr ? Value(link->link()->to_string()) : Value("");
}

Value asset_of(const Value* link) {
    const bool is_link = link != nullptr && link->link() != nullptr;
    return Value(is_link ? link->link()->hash().digest : Bytes(crypto::kDigestBytes));
}

} // namespace

Result<Bytes> canonical_bytes(const AssetRecord& record) {
    Value::Map map = *to_value(record).map();
    for (const std::string_view field : {"content", "metadata"}) {
        Value& entry = map.find(field)->second;
        entry = TRY(link_of(field, entry));
    }
    Value& previous = map.find("previous")->second;
    previous = link_to_asset(previous);
    Value::List parents;
    for (const Value& parent : *map.find("parents")->second.list()) {
        Value::Map entries = *parent.map();
        entries.insert_or_assign("asset", link_to_asset(*parent.find("asset")));
        parents.emplace_back(std::move(entries));
    }
    map.insert_or_assign("parents", Value(std::move(parents)));
    return codec::encode_dag_cbor(Value(std::move(map)));
}

Result<AssetRecord> record_from_canonical(ByteView bytes) {
    const Value value = TRY(codec::decode_dag_cbor(bytes));
    if (value.map() == nullptr) return fail(ErrorCode::malformed, "asset record is not a map");
    Value::Map map = *value.map();
    for (const std::string_view field : {"content", "metadata"})
        map.insert_or_assign(std::string(field), text_of(value.find(field)));
    map.insert_or_assign("previous", asset_of(value.find("previous")));
    Value::List parents;
    if (const Value* links = value.find("parents"); links != nullptr && links->list() != nullptr) {
        for (const Value& parent : *links->list()) {
            if (parent.map() == nullptr) return fail(ErrorCode::malformed, "asset record: a parent is not a map");
            Value::Map entries = *parent.map();
            entries.insert_or_assign("asset", asset_of(parent.find("asset")));
            parents.emplace_back(std::move(entries));
        }
    }
    map.insert_or_assign("parents", Value(std::move(parents)));
    auto record = TRY(from_value<AssetRecord>(Value(std::move(map))));
    if (!std::ranges::equal(TRY(canonical_bytes(record)), bytes))
        return fail(ErrorCode::malformed, "asset record is not in its canonical form");
    return record;
}

Digest asset_id(ByteView canonical) { return crypto::sha256(canonical); }

} // namespace assay::chain::registry
