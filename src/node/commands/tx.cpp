// assay tx: makes a transaction, signs it with a key of this machine, hands it to a node and waits for its block.
#include "chain/modules/modules.h"
#include "node/chain/transaction_form.h"
#include "node/commands/chain_flags.h"
#include "node/commands/exit_codes.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace assay::node {
namespace {

constexpr const char* kFooter =
    R"(Amounts are whole units; 1 ASSAY = 1000000000. With a unit they may have a fraction: 1.5assay.
Examples:
  assay tx transfer --from operator --to 0x52908400098527886E0F7030069857D2E4169EE7 --amount 1.5assay
  assay tx send --from operator staking/delegate validator=0x… amount=1000000000
  assay tx types                                  every message and its fields)";

constexpr std::chrono::milliseconds kWaitMax{60'000};
constexpr std::size_t kNativeDecimals = 9;
constexpr std::uint64_t kSimulationGas = 100'000'000; ///< more than a node simulates

struct TxFlags : ChainFlags {
    PasswordFlags password;
    std::string from, to, amount, token, memo, fee;
    std::string gas; ///< a number, "auto", or empty
    std::uint64_t nonce = 0, expiry = 0;
    CLI::Option *nonce_given = nullptr, *expiry_given = nullptr;
    std::vector<std::string> message;  ///< TYPE field=value …
    std::vector<std::string> messages; ///< JSON
    bool no_wait = false, dry_run = false, simulate = false;

    void add_common(CLI::App& command);
};

void TxFlags::add_common(CLI::App& command) {
    command.add_option("--from", from, "Who signs: name or address of a key here, or a keystore file")
        ->required()
        ->type_name("KEY");
    command.add_option("--memo", memo, "A remark, up to 256 bytes, for everybody to read")->type_name("TEXT");
    command.add_option("--fee", fee, "What is paid for it; default: the least")->type_name("AMOUNT");
    command
        .add_option(
            "--gas", gas,
            "Most work it may take, or auto: what a simulation takes and a fifth more; default: auto, of a transfer "
            "what transfers take")
        ->type_name("N|auto");
    nonce_given =
        command.add_option("--nonce", nonce, "Number of the sender's transaction; default: the next")->type_name("N");
    expiry_given =
        command.add_option("--expiry", expiry, "Last block it may enter; default: 1000 from now")->type_name("HEIGHT");
    command.add_flag("--no-wait", no_wait, "Do not wait for its block");
    command.add_flag("--simulate", simulate, "Ask the node what it would do now; sign and send nothing");
    command.add_flag("--dry-run", dry_run, "Sign and print it, but send nothing");
    password.add_to(command);
    add_data_folder(command);
    add_node(command);
    add_json(command);
}

/// "12" units, "1.5assay" = 1500000000 units.
Result<std::string> read_amount(std::string_view text) {
    constexpr std::string_view kUnit = "assay";
    if (!text.ends_with(kUnit)) {
        const auto amount = chain::parse_amount(text);
        if (!amount) return fail(ErrorCode::invalid_argument, "--amount: " + amount.error().message);
        return chain::to_string(*amount);
    }
    text.remove_suffix(kUnit.size());
    const auto point = text.find('.');
    std::string digits(text.substr(0, point));
    const std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
    if (digits.empty()) return fail(ErrorCode::invalid_argument, "--amount: no digits before the unit");
    if (fraction.size() > kNativeDecimals || (point != std::string_view::npos && fraction.empty()))
        return fail(ErrorCode::invalid_argument, "--amount: up to 9 digits can follow the point");
    digits += fraction;
    digits.append(kNativeDecimals - fraction.size(), '0');
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    const auto amount = chain::parse_amount(digits);
    if (!amount) return fail(ErrorCode::invalid_argument, "--amount: " + amount.error().message);
    return chain::to_string(*amount);
}

ChainJson transfer_message(const std::string& to, const std::string& token, const std::string& amount) {
    return {{"@", "bank/transfer"},
            {"to", to},
            {"token", token.empty() ? crypto::to_string(chain::kNativeToken) : token},
            {"amount", amount}};
}

chain::MessageRegistry known_messages() {
    const auto modules = chain::make_modules();
    chain::MessageRegistry registry;
    for (const auto& module : modules.modules) module->register_messages(registry);
    return registry;
}

/// Kinds whose values are written as text; a token may well be named "7".
bool is_text_kind(std::string_view kind) {
    return kind == "string" || kind == "address" || kind == "uint128" || kind == "bytes" || kind == "bytes32";
}

/// field=value: text, or JSON, as the field wants it.
Result<ChainJson> read_fields(const std::vector<std::string>& words, const chain::MessageRegistry& registry) {
    ChainJson message{{"@", words.front()}};
    std::map<std::string, std::string> kinds;
    const auto types = registry.struct_types(words.front());
    if (!types.empty()) {
        for (const auto& [kind, name] : types.front().members) kinds[name] = kind;
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto equals = words[i].find('=');
        if (equals == std::string::npos || equals == 0)
            return fail(ErrorCode::invalid_argument, "'" + words[i] + "' is not FIELD=VALUE");
        const std::string name = words[i].substr(0, equals), value = words[i].substr(equals + 1);
        ChainJson parsed = is_text_kind(kinds[name]) ? ChainJson(value) : ChainJson::parse(value, nullptr, false);
        message[name] = parsed.is_discarded() ? ChainJson(value) : std::move(parsed);
    }
    return message;
}

/// What a name of a key here, or an address, stands for.
Result<std::string> address_of(const ChainHome& home, const std::string& who) {
    if (const auto address = crypto::parse_address(who)) return crypto::to_string(*address);
    if (who.starts_with("0x"))
        return fail(ErrorCode::invalid_argument, "'" + who + "': " + crypto::parse_address(who).error().message);
    return TRY(find_key(home, who)).address;
}

/// Only what the sender cannot know comes from the node: chain, nonce, height and gas price.
Result<TransactionDefaults> ask_defaults(const NodeClient& node, const crypto::Address& from) {
    const ChainJson status = TRY(node.get("/chain/status"));
    const ChainJson account = TRY(node.get("/chain/accounts/" + crypto::to_string(from)));
    const ChainJson params = TRY(node.get("/chain/query/params/module?module=chain"));
    TransactionDefaults defaults;
    defaults.chain = status.value("evm_chain_id", std::uint64_t{0});
    defaults.nonce = account.value("nonce", std::uint64_t{0});
    defaults.expiry = status.value("height", std::uint64_t{0}) + kExpiryBlocks;
    if (params.contains("value") && params["value"].contains("gas_price_min"))
        defaults.gas_price = TRY(chain::parse_amount(params["value"].value("gas_price_min", std::string())));
    return defaults;
}

/// What the transaction would give in the next block: {"code","code_name","log","gas_used","events",…}. Not signed.
Result<ChainJson> ask_simulation(const NodeClient& node, const chain::TransactionBody& body) {
    crypto::Signature none{};
    none.back() = 27;
    const Bytes wire = chain::encode_transaction(body, none);
    const ChainJson answer = TRY(node.post("/chain/simulate", "application/cbor", as_string_view(wire), kWaitMax));
    return answer["value"];
}

Result<void> check_simulation(const ChainJson& simulated) {
    if (simulated.value("code", 0u) == 0) return {};
    return fail(ErrorCode::internal,
                simulated.value("code_name", "refused") + ": " + simulated.value("log", std::string()));
}

/// The form's gas by simulating it without a fee and with as much gas as it likes.
Result<std::uint64_t> simulated_gas(ChainJson form, const NodeClient& node, const chain::MessageRegistry& registry,
                                    const TransactionDefaults& defaults) {
    form["gas"] = kSimulationGas;
    form["fee"] = "0";
    const auto body = TRY(body_from_form(form.dump(), registry, defaults));
    const ChainJson simulated = TRY(ask_simulation(node, body));
    TRY_VOID(check_simulation(simulated));
    const std::uint64_t used = simulated.value("gas_used", std::uint64_t{0});
    return used + used / 5;
}

Result<chain::TransactionBody> make_body(const TxFlags& flags, const ChainJson& messages, const crypto::Address& from,
                                         const NodeClient& node, const chain::MessageRegistry& registry) {
    ChainJson form{{"from", crypto::to_string(from)}, {"msgs", messages}, {"memo", flags.memo}};
    if (flags.nonce_given->count() > 0) form["nonce"] = flags.nonce;
    if (flags.expiry_given->count() > 0) form["expiry"] = flags.expiry;
    if (!flags.fee.empty()) form["fee"] = flags.fee;
    const TransactionDefaults defaults = TRY(ask_defaults(node, from));
    if (flags.gas == "auto") form["gas"] = TRY(simulated_gas(form, node, registry, defaults));
    else if (!flags.gas.empty()) form["gas"] = flags.gas;
    return body_from_form(form.dump(), registry, defaults);
}

Result<int> report(const ChainJson& answer, bool json) {
    const std::uint32_t code = answer.value("code", 0u);
    if (code != 0)
        return fail(ErrorCode::internal,
                    answer.value("code_name", "refused") + ": " + answer.value("log", std::string()));
    if (json) {
        print_json(answer, true);
    } else if (answer.contains("height")) {
        std::printf("%s in block %llu\n", answer.value("hash", "").c_str(),
                    static_cast<unsigned long long>(answer.value("height", std::uint64_t{0})));
    } else {
        std::printf("%s waits for a block\n", answer.value("hash", "").c_str());
    }
    return kExitDone;
}

Result<int> report_simulation(const ChainJson& simulated, bool json) {
    if (json) print_json(simulated, true);
    TRY_VOID(check_simulation(simulated));
    if (!json)
        std::printf("would take %llu gas\n",
                    static_cast<unsigned long long>(simulated.value("gas_used", std::uint64_t{0})));
    return kExitDone;
}

Result<int> send_messages(const TxFlags& flags, const ChainJson& messages) {
    const auto home = TRY(flags.home());
    const auto node = NodeClient::create(flags.node, home);
    const auto entry = TRY(find_key(home, flags.from));
    const auto registry = known_messages();
    if (flags.simulate) {
        const auto from = TRY(crypto::parse_address(entry.address));
        const auto body = TRY(make_body(flags, messages, from, node, registry));
        return report_simulation(TRY(ask_simulation(node, body)), flags.json);
    }
    const std::string password =
        has_no_password(entry) ? "" : TRY(flags.password.read("Password of the key '" + entry.name + "'", false));
    const auto key = TRY(open_key(entry, password));
    const auto body = TRY(make_body(flags, messages, key.address(), node, registry));
    const Bytes wire = chain::encode_transaction(body, key.sign(chain::signing_digest(body)));
    if (flags.dry_run) {
        print_json({{"hash", to_hex(crypto::sha256(wire))},
                    {"transaction", "0x" + to_hex(wire)},
                    {"body", body_json(body)},
                    {"typed_data", ChainJson::parse(chain::typed_data_json(body))}},
                   flags.json);
        return kExitDone;
    }
    const std::string path =
        "/chain/transactions" +
        (flags.no_wait ? std::string() : "?wait=commit&timeout_ms=" + std::to_string(kWaitMax.count()));
    const ChainJson answer = TRY(node.post(path, "application/cbor", as_string_view(wire), 2 * kWaitMax));
    return report(answer, flags.json);
}

Result<int> transfer(const TxFlags& flags) {
    const auto home = TRY(flags.home());
    const std::string to = TRY(address_of(home, flags.to));
    const std::string amount = TRY(read_amount(flags.amount));
    return send_messages(flags, ChainJson::array({transfer_message(to, flags.token, amount)}));
}

Result<int> send(const TxFlags& flags) {
    ChainJson messages = ChainJson::array();
    if (!flags.message.empty()) messages.push_back(TRY(read_fields(flags.message, known_messages())));
    for (const std::string& text : flags.messages) {
        ChainJson message = ChainJson::parse(text, nullptr, false);
        if (!message.is_object()) return fail(ErrorCode::invalid_argument, "--message: not a JSON object");
        messages.push_back(std::move(message));
    }
    if (messages.empty())
        return fail(ErrorCode::invalid_argument, "name a message: TYPE FIELD=VALUE …, or --message JSON");
    return send_messages(flags, messages);
}

Result<int> types(const TxFlags& flags) {
    const auto registry = known_messages();
    ChainJson json = ChainJson::object();
    for (const std::string& type : registry.types()) {
        ChainJson fields = ChainJson::object();
        const auto structs = registry.struct_types(type);
        for (const auto& [kind, name] : structs.front().members) fields[name] = kind;
        json[type] = fields;
    }
    if (flags.json) {
        print_json(json, true);
        return kExitDone;
    }
    for (const auto& [type, fields] : json.items()) {
        std::printf("%s\n", type.c_str());
        for (const auto& [name, kind] : fields.items())
            std::printf("    %-24s %s\n", name.c_str(), kind.get<std::string>().c_str());
    }
    return kExitDone;
}

} // namespace

void add_tx(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<TxFlags>();
    CLI::App& tx = *app.add_subcommand("tx", "Transactions: transfer, or any message of the chain");
    tx.require_subcommand(1);
    tx.footer(kFooter);
    CLI::App& transfer_command = *tx.add_subcommand("transfer", "Send money to an address");
    transfer_command.add_option("--to", flags->to, "Whom: an address, or the name of a key here")
        ->required()
        ->type_name("ADDRESS");
    transfer_command.add_option("--amount", flags->amount, "How much: units, or 1.5assay")->required()->type_name("N");
    transfer_command.add_option("--token", flags->token, "Which token; default: the native coin")->type_name("ADDRESS");
    flags->add_common(transfer_command);
    transfer_command.callback([flags, &action] { action = [flags] { return transfer(*flags); }; });

    const auto send_flags = std::make_shared<TxFlags>();
    send_flags->gas = "auto";
    CLI::App& send_command = *tx.add_subcommand("send", "Send any message");
    send_command.add_option("message", send_flags->message, "TYPE FIELD=VALUE …")->type_name("WORDS");
    send_command
        .add_option("--message", send_flags->messages, "A message as JSON; several form one batch, all or none")
        ->type_name("JSON")
        ->take_all();
    send_flags->add_common(send_command);
    send_command.callback([send_flags, &action] { action = [send_flags] { return send(*send_flags); }; });

    const auto types_flags = std::make_shared<TxFlags>();
    CLI::App& types_command = *tx.add_subcommand("types", "Every message and its fields");
    types_flags->add_json(types_command);
    types_command.callback([types_flags, &action] { action = [types_flags] { return types(*types_flags); }; });
}

} // namespace assay::node
