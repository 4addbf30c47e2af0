#pragma once
/// The templates of message.h. Thin: the work is done by tables (fields.h). Include message.h.
#include "chain/message.h"

namespace assay::chain {

/// What a registry knows of a type without knowing its struct.
struct MessageRegistry::Entry {
    std::uint64_t gas = 0;
    const StructInfo* info = nullptr;

    virtual ~Entry() = default;
    /// A message with default fields, and where these are.
    virtual std::pair<std::shared_ptr<const AnyMessage>, void*> make() const = 0;
};

template <MessageStruct M>
class MessageRegistry::Message final : public AnyMessage {
public:
    explicit Message(const EntryOf<M>* entry) : entry_(entry) {}

    std::string_view type() const override { return M::kType; }
    std::string_view struct_name() const override { return M::kStruct; }
    const StructInfo& structure() const override { return struct_info<M>(); }
    codec::Value to_value() const override { return struct_to_value(structure(), &fields, ValueForm::canonical); }
    codec::Value to_readable() const override { return struct_to_value(structure(), &fields, ValueForm::readable); }
    void encode(Bytes& out) const override { encode_struct(structure(), &fields, out); }
    Digest struct_hash() const override { return hash_struct(structure(), &fields); }
    Result<void> execute(Context& context, const Address& signer) const override {
        if (entry_ == nullptr) return fail(ErrorCode::unsupported, "message belongs to no registry");
        context.gas().charge(entry_->gas);
        return entry_->handler(context, signer, fields);
    }
    bool has_preparation() const override { return entry_ != nullptr && entry_->preparation; }
    void prepare(const StateReader& state, GasMeter& gas) const override {
        if (entry_ == nullptr) return;
        gas.charge(entry_->gas);
        if (entry_->preparation && !gas.exhausted()) entry_->preparation(state, fields);
    }

    M fields{};

private:
    const EntryOf<M>* entry_; ///< the registry's; nullptr for messages made to be sent
};

template <MessageStruct M>
struct MessageRegistry::EntryOf final : Entry {
    Handler<M> handler;
    Preparation<M> preparation; ///< may be absent

    std::pair<std::shared_ptr<const AnyMessage>, void*> make() const override {
        auto message = std::make_shared<Message<M>>(this);
        void* const fields = &message->fields;
        return {std::move(message), fields};
    }
};

template <MessageStruct M>
void MessageRegistry::add(std::uint64_t gas, Handler<M> handler, Preparation<M> preparation) {
    auto entry = std::make_shared<EntryOf<M>>();
    entry->gas = gas;
    entry->info = &struct_info<M>();
    entry->handler = std::move(handler);
    entry->preparation = std::move(preparation);
    add_entry(M::kType, std::move(entry));
}

template <MessageStruct M>
std::shared_ptr<const AnyMessage> make_message(M fields) {
    auto message = std::make_shared<MessageRegistry::Message<M>>(nullptr);
    message->fields = std::move(fields);
    return message;
}

template <MessageStruct M>
const M* message_as(const AnyMessage& message) {
    const auto* known = dynamic_cast<const MessageRegistry::Message<M>*>(&message);
    return known == nullptr ? nullptr : &known->fields;
}

template <FieldStruct T>
codec::Value to_value(const T& fields) {
    return struct_to_value(struct_info<T>(), &fields, ValueForm::canonical);
}

template <FieldStruct T>
codec::Value to_readable(const T& fields) {
    return struct_to_value(struct_info<T>(), &fields, ValueForm::readable);
}

template <FieldStruct T>
Result<T> from_value(const codec::Value& value) {
    T fields{};
    TRY_VOID(struct_from_value(struct_info<T>(), value, &fields));
    return fields;
}

template <FieldStruct T>
Bytes encode_record(const T& record) {
    Bytes bytes;
    encode_struct(struct_info<T>(), &record, bytes);
    return bytes;
}

template <FieldStruct T>
T decode_record(ByteView bytes) {
    T record{};
    decode_own_record(struct_info<T>(), bytes, &record);
    return record;
}

} // namespace assay::chain
