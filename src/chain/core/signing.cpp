/// What a transaction's signature is over, twice: as a digest, fast, and as the document that a wallet shows and hashes.
/// Source: EIP-712 and eth_signTypedData_v4.
#include "chain/transaction.h"

#include "crypto/keccak.h"

#include <algorithm>
#include <map>

namespace assay::chain {
namespace {

using codec::Value;

constexpr std::string_view kDomainType = "EIP712Domain(string name,string version,uint256 chainId)";
constexpr std::string_view kDomainName = "Assay";
constexpr std::string_view kDomainVersion = "1";
constexpr std::size_t kTypeHashesKept = 256;

using Members = std::vector<std::pair<std::string, std::string>>; ///< type, name

/// The members before the messages; the order of `body_words` and of the document.
const Members& body_members() {
    static const Members members = {{"address", "from"}, {"uint64", "nonce"}, {"uint64", "expiry"},
                                    {"uint128", "fee"},  {"uint64", "gas"},   {"string", "memo"}};
    return members;
}

Members members_of(const std::vector<const StructInfo*>& messages) {
    Members members = body_members();
    for (std::size_t i = 0; i < messages.size(); ++i)
        members.emplace_back(std::string(messages[i]->name), "message" + std::to_string(i + 1));
    return members;
}

std::vector<const StructInfo*> structs_below(const std::vector<const StructInfo*>& messages) {
    std::vector<const StructInfo*> found;
    for (const StructInfo* message : messages) collect_structs(*message, found);
    return found;
}

std::vector<const StructInfo*> message_structs(const TransactionBody& body) {
    std::vector<const StructInfo*> structs;
    structs.reserve(body.messages.size());
    for (const auto& message : body.messages) structs.push_back(&message->structure());
    return structs;
}

Digest make_type_hash(const std::vector<const StructInfo*>& messages) {
    std::string type = "Transaction(";
    for (const auto& [member_type, name] : members_of(messages)) {
        if (type.back() != '(') type += ',';
        type += member_type + " " + name;
    }
    type += ')';
    for (const StructInfo* info : structs_below(messages)) type += info->own_type;
    return crypto::keccak256(as_byte_view(type));
}

/// Transactions of one shape follow each other; a few shapes make up almost all.
const Digest& type_hash(const TransactionBody& body) {
    thread_local std::map<std::vector<const StructInfo*>, Digest> kept;
    std::vector<const StructInfo*> messages = message_structs(body);
    const auto it = kept.find(messages);
    if (it != kept.end()) return it->second;
    if (kept.size() >= kTypeHashesKept) kept.clear(); // shapes are the sender's choice: bounded
    const Digest hash = make_type_hash(messages);
    return kept.emplace(std::move(messages), hash).first->second;
}

Digest word_of(Uint128 value) {
    Digest word{};
    for (std::size_t i = 0; i < 16; ++i) word[31 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    return word;
}

Digest word_of(const Address& address) {
    Digest word{};
    std::ranges::copy(address.bytes, word.end() - 20);
    return word;
}

Digest make_domain_separator(std::uint64_t chain) {
    crypto::Keccak256 hash;
    hash.update(crypto::keccak256(as_byte_view(kDomainType)));
    hash.update(crypto::keccak256(as_byte_view(kDomainName)));
    hash.update(crypto::keccak256(as_byte_view(kDomainVersion)));
    hash.update(word_of(chain));
    return hash.finish();
}

const Digest& domain_separator(std::uint64_t chain) {
    thread_local std::uint64_t last_chain = 0;
    thread_local Digest last = make_domain_separator(0);
    if (chain != last_chain) {
        last = make_domain_separator(chain);
        last_chain = chain;
    }
    return last;
}

Digest text_word(std::string_view text) {
    static const Digest empty = crypto::keccak256({});
    return text.empty() ? empty : crypto::keccak256(as_byte_view(text));
}

// The document

void append_json_text(std::string& out, std::string_view text) {
    static constexpr char kDigits[] = "0123456789abcdef";
    static constexpr std::string_view kShortFrom = "\"\\\b\f\n\r\t", kShortTo = "\"\\bfnrt";
    out += '"';
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        const std::size_t short_form = kShortFrom.find(c);
        if (short_form != std::string_view::npos) {
            out += '\\';
            out += kShortTo[short_form];
        } else if (code < 0x20) {
            out += "\\u00";
            out += kDigits[code >> 4];
            out += kDigits[code & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_name(std::string& out, std::string_view name) {
    if (out.back() != '{') out += ',';
    append_json_text(out, name);
    out += ':';
}

void append_integer_text(std::string& out, const codec::Integer& integer) {
    const auto number = integer.to_int64();
    append_json_text(out, number ? std::to_string(*number) : std::to_string(integer.argument));
}

void append_struct(std::string& out, const StructInfo& info, const Value& value);

/// Integers become decimal text: JavaScript's numbers do not hold 64 bits.
void append_value(std::string& out, const StructInfo* structure, const Value& value) {
    if (const Value::List* items = value.list()) {
        out += '[';
        for (const Value& item : *items) {
            if (&item != items->data()) out += ',';
            append_value(out, structure, item);
        }
        out += ']';
    } else if (structure != nullptr) {
        append_struct(out, *structure, value);
    } else if (const bool* flag = value.boolean()) {
        out += *flag ? "true" : "false";
    } else if (const codec::Integer* integer = value.integer()) {
        append_integer_text(out, *integer);
    } else if (const std::string* text = value.text()) {
        append_json_text(out, *text);
    }
}

void append_struct(std::string& out, const StructInfo& info, const Value& value) {
    out += '{';
    for (const StructInfo::Field& field : info.fields) {
        append_name(out, field.name);
        append_value(out, field.type->structure(), *value.find(field.name));
    }
    out += '}';
}

void append_type(std::string& out, std::string_view name, const Members& members) {
    append_name(out, name);
    out += '[';
    for (const auto& [type, member] : members) {
        if (out.back() != '[') out += ',';
        out += "{\"name\":\"" + member + "\",\"type\":\"" + type + "\"}";
    }
    out += ']';
}

Members members_of(const StructInfo& info) {
    Members members;
    for (const StructInfo::Field& field : info.fields)
        members.emplace_back(field.type->eip712_name(), std::string(field.name));
    return members;
}

void append_message(std::string& out, const TransactionBody& body) {
    out += '{';
    const auto text = [&](std::string_view name, std::string_view value) {
        append_name(out, name);
        append_json_text(out, value);
    };
    text("from", to_string(body.from));
    text("nonce", std::to_string(body.nonce));
    text("expiry", std::to_string(body.expiry));
    text("fee", to_string(body.fee));
    text("gas", std::to_string(body.gas));
    text("memo", body.memo);
    for (std::size_t i = 0; i < body.messages.size(); ++i) {
        append_name(out, "message" + std::to_string(i + 1));
        append_struct(out, body.messages[i]->structure(), body.messages[i]->to_readable());
    }
    out += '}';
}

} // namespace

Digest signing_digest(const TransactionBody& body) {
    crypto::Keccak256 hash;
    hash.update(type_hash(body));
    hash.update(word_of(body.from));
    hash.update(word_of(body.nonce));
    hash.update(word_of(body.expiry));
    hash.update(word_of(body.fee.units()));
    hash.update(word_of(body.gas));
    hash.update(text_word(body.memo));
    for (const auto& message : body.messages) hash.update(message->struct_hash());
    const Digest content = hash.finish();
    constexpr std::array<std::uint8_t, 2> kPrefix = {0x19, 0x01};
    hash.update(kPrefix);
    hash.update(domain_separator(body.chain));
    hash.update(content);
    return hash.finish();
}

std::string typed_data_json(const TransactionBody& body) {
    const std::vector<const StructInfo*> messages = message_structs(body);
    std::string out = "{\"types\":{";
    append_type(out, "EIP712Domain", {{"string", "name"}, {"string", "version"}, {"uint256", "chainId"}});
    append_type(out, "Transaction", members_of(messages));
    for (const StructInfo* info : structs_below(messages)) append_type(out, info->name, members_of(*info));
    out += "},\"primaryType\":\"Transaction\",\"domain\":{\"name\":\"Assay\",\"version\":\"1\",\"chainId\":";
    out += std::to_string(body.chain) + "},\"message\":";
    append_message(out, body);
    out += '}';
    return out;
}

} // namespace assay::chain
