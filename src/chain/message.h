#pragma once
/// Messages: what a transaction asks for. A message is a plain struct that lists its fields once; the DAG-CBOR form, the
/// JSON of wallets and the EIP-712 hash all follow from that list, so they cannot disagree.
///
///     struct Transfer {
///         static constexpr std::string_view kType = "bank/transfer";   ///< the "@" entry of its DAG-CBOR map
///         static constexpr std::string_view kStruct = "BankTransfer";  ///< its EIP-712 struct name
///         Address to;
///         Address token;
///         Amount amount;
///         static void fields(auto&& self, auto&& visit) {
///             visit("to", self.to);
///             visit("token", self.token);
///             visit("amount", self.amount);
///         }
///     };
///
/// Field types: bool, std::uint8_t, std::uint32_t, std::uint64_t, std::int64_t, Amount (uint128), Address, Digest (bytes32), Bytes, std::string,
/// nested structs (kStruct and fields, no kType) and std::vector of any of these. Every field is required: a map with a
/// missing or an unknown key is refused by name. Lengths are the receiving module's to check, within the transaction's size
/// limit. Names of fields are unique; a struct cannot contain lists of itself.
#include "chain/amount.h"
#include "chain/context.h"
#include "chain/fields.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assay::chain {

/// A message whose struct is known to its module only. Immutable; shared between threads.
class AnyMessage {
public:
    virtual ~AnyMessage() = default;
    virtual std::string_view type() const = 0;
    virtual std::string_view struct_name() const = 0;
    virtual const StructInfo& structure() const = 0;
    virtual codec::Value to_value() const = 0;
    /// As to_value(), with amounts, addresses and bytes as text.
    virtual codec::Value to_readable() const = 0;
    /// Appends the canonical DAG-CBOR of to_value().
    virtual void encode(Bytes& out) const = 0;
    /// EIP-712 hashStruct.
    virtual Digest struct_hash() const = 0;
    /// Charges the message's gas and runs the module's rule for `signer`. Errors: whatever the rule says; changes are then
    /// dropped by the caller.
    virtual Result<void> execute(Context& context, const Address& signer) const = 0;
    /// Whether prepare() can do anything for it.
    virtual bool has_preparation() const = 0;
    /// Does ahead, on any thread, what execute() would do with the same outcome in any block: recovering signatures that the
    /// message carries, by what `state` says now. Charges `gas` as execute() would, and does nothing beyond its limit.
    virtual void prepare(const StateReader& state, GasMeter& gas) const = 0;
};

/// One EIP-712 struct type: name and members in order.
struct StructType {
    std::string name;
    std::vector<std::pair<std::string, std::string>> members; ///< {type, name}: {"address","to"}
};

/// Which messages there are and what each does. Filled once, then only read: thread-safe. Must outlive its messages.
class MessageRegistry {
public:
    template <MessageStruct M>
    using Handler = std::function<Result<void>(Context&, const Address& signer, const M&)>;
    template <MessageStruct M>
    using Preparation = std::function<void(const StateReader&, const M&)>;

    /// `gas` is charged before the handler runs. Types are unique, and a struct name means one struct in all messages.
    /// `preparation` may run before, once, never, or in several threads: it leaves its outcome in a SignerMemo of the message.
    template <MessageStruct M>
    void add(std::uint64_t gas, Handler<M> handler, Preparation<M> preparation = {});

    /// From a map in either form (genesis, command line). Errors: malformed (a field, by name), unsupported (unknown type, named).
    Result<std::shared_ptr<const AnyMessage>> decode(const codec::Value& value) const;
    /// The next value of canonical DAG-CBOR, strictly. Errors as above.
    Result<std::shared_ptr<const AnyMessage>> decode(CborReader& in) const;
    /// The message's struct type and those it refers to, for wallets. Empty for an unknown type.
    std::vector<StructType> struct_types(std::string_view message_type) const;
    /// All message types, sorted.
    std::vector<std::string> types() const;
    /// What the message charges by itself; 0 for an unknown type.
    std::uint64_t gas_of(std::string_view message_type) const;

private:
    struct Entry;
    template <MessageStruct M>
    struct EntryOf;
    template <MessageStruct M>
    class Message;
    template <MessageStruct M>
    friend std::shared_ptr<const AnyMessage> make_message(M fields);
    template <MessageStruct M>
    friend const M* message_as(const AnyMessage& message);

    void add_entry(std::string_view type, std::shared_ptr<const Entry> entry);
    Result<const Entry*> entry_of(std::string_view type) const;

    std::map<std::string, std::shared_ptr<const Entry>, std::less<>> entries_;
    std::map<std::string, std::string, std::less<>> structs_; ///< name → EIP-712 type
};

/// A message to sign and send: it belongs to no registry, so execute() refuses it (unsupported).
template <MessageStruct M>
std::shared_ptr<const AnyMessage> make_message(M fields);
/// Its fields; nullptr when it is of another type.
template <MessageStruct M>
const M* message_as(const AnyMessage& message);

/// DAG-CBOR map of a struct's fields; for a message with its "@" entry.
template <FieldStruct T>
codec::Value to_value(const T& fields);
/// to_value with amounts, addresses, digests and bytes as text: what queries answer and genesis documents hold.
template <FieldStruct T>
codec::Value to_readable(const T& fields);
/// Takes both forms. Errors: malformed, naming the field.
template <FieldStruct T>
Result<T> from_value(const codec::Value& value);

/// to_value and from_value over canonical DAG-CBOR bytes: how modules keep records in the state. Texts must be UTF-8.
template <FieldStruct T>
Bytes encode_record(const T& record);
/// For bytes this module wrote: other bytes are a damaged state and stop the process.
template <FieldStruct T>
T decode_record(ByteView bytes);

} // namespace assay::chain

#include "chain/message_fields.h"
