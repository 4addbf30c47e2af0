#include "chain/modules/bank/keeper.h"

#include "chain/modules/bank/ledger.h"
#include "chain/modules/events.h"

namespace assay::chain::bank {
namespace {

/// The event that there are most of: built in place, without the copies of an initializer list.
void emit_transfer(Context& context, const Address& from, const Address& to, const Address& token, Amount amount) {
    Event event{"bank.transfer", {}};
    event.attributes.reserve(4);
    event.attributes.emplace_back("from", event_text(from));
    event.attributes.emplace_back("to", event_text(to));
    event.attributes.emplace_back("token", event_text(token));
    event.attributes.emplace_back("amount", event_text(amount));
    context.emit(std::move(event));
}

void emit_escrow(Context& context, std::string_view type, std::uint64_t id, const Address& by, const Escrow& escrow,
                 Amount amount) {
    context.emit({std::string(type),
                  {{"id", event_text(id)},
                   {"by", event_text(by)},
                   {"payer", event_text(escrow.payer)},
                   {"payee", event_text(escrow.payee)},
                   {"token", event_text(escrow.token)},
                   {"amount", event_text(amount)}}});
}

Result<void> check_escrow_terms(const Context& context, const Escrow& terms) {
    const auto bad = [](std::string what) { return fail(ErrorCode::invalid_argument, "escrow: " + std::move(what)); };
    if (terms.payee == Address{}) return bad("payee is the zero address");
    if (terms.payee == terms.payer) return bad("payer and payee are one account");
    if (terms.amount.is_zero()) return bad("amount is zero");
    if (terms.arbiter_only && terms.arbiter == Address{}) return bad("only its arbiter may act, and it has none");
    if (!terms.arbiter_only && terms.deadline_ms <= context.block().time_ms)
        return bad("deadline " + std::to_string(terms.deadline_ms) + " is not after block time " +
                   std::to_string(context.block().time_ms));
    if (terms.purpose.size() > kPurposeBytesMax) return bad("purpose is over 64 bytes");
    return {};
}

std::unexpected<Error> no_escrow(std::uint64_t id) {
    return fail(ErrorCode::not_found, "escrow " + std::to_string(id) + " does not exist or is settled");
}

std::unexpected<Error> not_allowed(std::uint64_t id, const Address& by, std::string_view action) {
    return fail(ErrorCode::invalid_argument,
                "escrow " + std::to_string(id) + ": " + event_text(by) + " may not " + std::string(action) + " it");
}

bool is_arbiter(const Escrow& escrow, const Address& by) { return by == escrow.arbiter && by != Address{}; }

bool may_release(const Escrow& escrow, const Address& by) {
    return is_arbiter(escrow, by) || (!escrow.arbiter_only && by == escrow.payer);
}

bool may_refund(const Escrow& escrow, const Address& by, std::int64_t time_ms) {
    if (is_arbiter(escrow, by)) return true;
    return !escrow.arbiter_only && (by == escrow.payee || time_ms >= escrow.deadline_ms);
}

void write_escrow(StateWriter& state, std::uint64_t id, const Escrow& escrow) {
    if (escrow.amount.is_zero()) {
        state.erase(ModuleId::bank, escrow_key(id));
    } else {
        state.put(ModuleId::bank, escrow_key(id), encode_record(escrow));
    }
}

} // namespace

Result<void> move_funds(Context& context, const Address& from, const Address& to, const Address& token, Amount amount) {
    TRY_VOID(require_account(to, "transfer to"));
    if (amount.is_zero()) TRY_VOID(require_token(context.state(), token));
    TRY_VOID(debit(context.state(), from, token, amount));
    credit(context.state(), to, token, amount);
    emit_transfer(context, from, to, token, amount);
    return {};
}

Result<void> mint_funds(Context& context, const Address& to, const Address& token, Amount amount) {
    TRY_VOID(require_account(to, "mint to"));
    TRY_VOID(require_token(context.state(), token));
    TRY_VOID(raise_supply(context.state(), token, amount));
    credit(context.state(), to, token, amount);
    context.emit({"bank.mint", {{"to", event_text(to)}, {"token", event_text(token)}, {"amount", event_text(amount)}}});
    return {};
}

Result<void> burn_funds(Context& context, const Address& from, const Address& token, Amount amount) {
    if (amount.is_zero()) TRY_VOID(require_token(context.state(), token));
    TRY_VOID(debit(context.state(), from, token, amount));
    lower_supply(context.state(), token, amount);
    context.emit(
        {"bank.burn", {{"from", event_text(from)}, {"token", event_text(token)}, {"amount", event_text(amount)}}});
    return {};
}

Result<std::uint64_t> open_escrow(Context& context, const Escrow& terms) {
    TRY_VOID(check_escrow_terms(context, terms));
    TRY_VOID(debit(context.state(), terms.payer, terms.token, terms.amount));
    const StateKey counter(kNextEscrow);
    const std::uint64_t id = read_counter(context.state(), counter, 1);
    write_counter(context.state(), counter, id + 1);
    write_escrow(context.state(), id, terms);
    emit_escrow(context, "bank.escrow_open", id, terms.payer, terms, terms.amount);
    return id;
}

std::optional<Escrow> read_escrow(const StateReader& state, std::uint64_t id) {
    const auto bytes = state.get(ModuleId::bank, escrow_key(id));
    if (!bytes) return std::nullopt;
    return decode_record<Escrow>(*bytes);
}

Result<void> release_escrow(Context& context, std::uint64_t id, const Address& by, Amount amount) {
    auto escrow = read_escrow(context.state(), id);
    if (!escrow) return no_escrow(id);
    if (!may_release(*escrow, by)) return not_allowed(id, by, "release");
    const auto left = checked_subtract(escrow->amount, amount);
    if (amount.is_zero() || !left)
        return fail(ErrorCode::invalid_argument, "escrow " + std::to_string(id) + ": amount " + to_string(amount) +
                                                     " is not within 1 … " + to_string(escrow->amount));
    escrow->amount = *left;
    write_escrow(context.state(), id, *escrow);
    credit(context.state(), escrow->payee, escrow->token, amount);
    emit_escrow(context, "bank.escrow_release", id, by, *escrow, amount);
    return {};
}

Result<void> refund_escrow(Context& context, std::uint64_t id, const Address& by) {
    auto escrow = read_escrow(context.state(), id);
    if (!escrow) return no_escrow(id);
    if (!may_refund(*escrow, by, context.block().time_ms)) return not_allowed(id, by, "refund");
    const Amount amount = escrow->amount;
    escrow->amount = Amount();
    write_escrow(context.state(), id, *escrow);
    credit(context.state(), escrow->payer, escrow->token, amount);
    emit_escrow(context, "bank.escrow_refund", id, by, *escrow, amount);
    return {};
}

} // namespace assay::chain::bank
