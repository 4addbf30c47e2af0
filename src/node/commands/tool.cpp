// assay tool: encodings, hashes and signatures, one at a time or as JSON lines.
#include "node/tool.h"

#include "node/commands/command.h"
#include "node/commands/exit_codes.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <unistd.h>

namespace assay::node {
namespace {

constexpr const char* kRunFooter = R"(A line in, a line out, in order; a bad line is answered and the next one served.
Example:
  echo '{"op":"keccak256","hex":"0x"}' | assay tool run
  {"ok":true,"hash":"0xc5d24601…","hex":"0xc5d24601…"})";

constexpr const char* kToolFooter =
    R"(Bytes are hexadecimal, with or without 0x; '-' takes an argument from standard input.
Examples:
  assay tool keccak256 --text 'transfer(address,uint256)'
  assay tool rlp decode c88363617483646f67
  assay tool eip712 hash mail.json)";

/// How an argument becomes a member of the request.
enum class Kind { text, json, json_file, path };

struct Argument {
    const char* key;
    const char* shown;
    Kind kind;
};

/// One operation with its arguments in order, and what is printed without --json.
struct Form {
    const char* group; ///< "" when it stands alone
    const char* name;
    const char* about;
    const char* operation;
    std::vector<Argument> arguments;
    std::vector<const char*> printed;
};

const std::vector<Form>& forms() {
    static const std::vector<Form> all = {
        {"", "keccak256", "Keccak-256 of bytes", "keccak256", {{"hex", "HEX", Kind::text}}, {"hash"}},
        {"", "sha256", "SHA-256 of bytes", "sha256", {{"hex", "HEX", Kind::text}}, {"hash"}},
        {"",
         "checksum",
         "Write an address in EIP-55's mixed case",
         "address.checksum",
         {{"address", "ADDRESS", Kind::text}},
         {"address"}},
        {"",
         "cid",
         "The CID of a file, as 'ipfs add --cid-version=1' gives it",
         "cid.of_file",
         {{"path", "FILE", Kind::path}},
         {"cid"}},
        {"",
         "recover",
         "The address that signed a digest",
         "ecdsa.recover",
         {{"digest", "DIGEST", Kind::text}, {"signature", "SIGNATURE", Kind::text}},
         {"address"}},
        {"rlp", "decode", "RLP to JSON", "rlp.decode", {{"hex", "HEX", Kind::text}}, {"json"}},
        {"rlp",
         "encode",
         "JSON (lists and hexadecimal strings) to RLP",
         "rlp.encode",
         {{"json", "JSON", Kind::json}},
         {"hex"}},
        {"dag-cbor", "decode", "DAG-CBOR to DAG-JSON", "dag-cbor.decode", {{"hex", "HEX", Kind::text}}, {"json"}},
        {"dag-cbor", "encode", "DAG-JSON to DAG-CBOR", "dag-cbor.encode", {{"json", "JSON", Kind::json}}, {"hex"}},
        {"eip712",
         "hash",
         "Hash typed data, as a wallet signs it",
         "eip712.hash",
         {{"typed_data", "FILE", Kind::json_file}},
         {"digest"}}};
    return all;
}

struct Flags {
    std::vector<std::string> values;
    bool text = false, json = false;
};

Result<codec::Json> member_of(const Argument& argument, const std::string& value) {
    if (argument.kind == Kind::path) return codec::Json(value);
    std::string text = value;
    if (argument.kind == Kind::json_file) {
        text = TRY(read_input(value));
    } else if (value == "-") {
        text = TRY(read_stdin());
        text.erase(text.find_last_not_of(" \t\r\n") + 1);
    }
    if (argument.kind == Kind::text) return codec::Json(std::move(text));
    auto json = codec::parse_json(text);
    if (!json && argument.kind == Kind::json_file) return fail_in(value, json.error());
    return json;
}

/// Strings without their quotes, everything else as it is.
std::string printable(const std::string& json_text) {
    const auto json = codec::parse_json(json_text, {.depth_max = 1024, .items_max = std::size_t{1} << 23});
    return json && json->text() != nullptr ? *json->text() : json_text;
}

int print(const Form& form, const Flags& flags, const ToolAnswer& answer) {
    std::string out;
    for (const auto& [key, value] : answer) {
        if (flags.json) out += (out.empty() ? "{\"" : ",\"") + key + "\":" + value;
        else if (std::ranges::find(form.printed, key) != form.printed.end()) out += printable(value);
    }
    std::printf("%s%s\n", out.c_str(), flags.json ? "}" : "");
    return std::fflush(stdout) == 0 ? kExitDone : kExitFailed;
}

Result<int> run_form(const Form& form, const Flags& flags) {
    codec::Json::Object request;
    bool from_file = false;
    for (std::size_t i = 0; i < form.arguments.size(); ++i) {
        const Argument& argument = form.arguments[i];
        from_file = from_file || argument.kind == Kind::path || argument.kind == Kind::json_file;
        auto member = member_of(argument, flags.values[i]); // not TRY: g++ 12 warns falsely of a free inside it
        if (!member) return std::unexpected(member.error());
        request.emplace_back(flags.text ? "text" : argument.key, std::move(*member));
    }
    const auto answer = run_tool(form.operation, codec::Json(std::move(request)));
    if (answer) return print(form, flags, *answer);
    // Malformed text on the command line is a wrong command line, not a bad file.
    const bool wrong = answer.error().code == ErrorCode::malformed && !from_file;
    return fail(wrong ? ErrorCode::invalid_argument : answer.error().code, answer.error().message);
}

Result<void> write_out(const std::string& answers) {
    if (std::fwrite(answers.data(), 1, answers.size(), stdout) != answers.size() || std::fflush(stdout) != 0)
        return fail(ErrorCode::io, "cannot write to standard output");
    return {};
}

/// Answers as soon as a line is whole, so that a program may hold a conversation.
Result<int> run_lines() {
    ToolLines lines;
    std::vector<char> part(std::size_t{1} << 16);
    for (;;) {
        const ssize_t count = ::read(STDIN_FILENO, part.data(), part.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(ErrorCode::io, "cannot read standard input");
        if (count == 0) break;
        TRY_VOID(write_out(lines.feed(std::string_view(part.data(), static_cast<std::size_t>(count)))));
    }
    TRY_VOID(write_out(lines.finish()));
    return kExitDone;
}

CLI::App& group_of(CLI::App& tool, const std::string& name) {
    if (name.empty()) return tool;
    const auto known = tool.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
    if (!known.empty()) return *known.front();
    const std::string about = name == "eip712" ? "EIP-712 typed data"
                              : name == "rlp"  ? "Ethereum's recursive length prefix"
                                               : "IPLD's strict CBOR";
    CLI::App& group = *tool.add_subcommand(name, about);
    group.require_subcommand(1);
    return group;
}

void add_form(CLI::App& tool, const Form& form, Action& action) {
    const auto flags = std::make_shared<Flags>();
    flags->values.resize(form.arguments.size());
    CLI::App& command = *group_of(tool, form.group).add_subcommand(form.name, form.about);
    for (std::size_t i = 0; i < form.arguments.size(); ++i) {
        command.add_option(form.arguments[i].key, flags->values[i], "")->type_name(form.arguments[i].shown)->required();
    }
    if (form.operation == std::string_view("keccak256") || form.operation == std::string_view("sha256"))
        command.add_flag("--text", flags->text, "The argument is text, not hexadecimal: its UTF-8 bytes are hashed");
    command.add_flag("--json", flags->json, "One JSON object with everything that 'assay tool run' answers");
    command.callback([&form, flags, &action] { action = [&form, flags] { return run_form(form, *flags); }; });
}

} // namespace

void add_tool(CLI::App& app, Action& action) {
    CLI::App& tool = *app.add_subcommand("tool", "Encodings, hashes and signatures: RLP, DAG-CBOR, CIDs, EIP-712 …");
    tool.require_subcommand(1);
    tool.footer(kToolFooter);
    CLI::App& run = *tool.add_subcommand("run", "JSON lines on standard input, one answer a line on standard output");
    run.footer(kRunFooter);
    run.callback([&action] { action = run_lines; });
    for (const Form& form : forms()) add_form(tool, form, action);
}

} // namespace assay::node
