// assay key: account keys in this machine's key store.
#include "node/commands/chain_flags.h"
#include "node/commands/exit_codes.h"

#include <cstdio>
#include <iostream>

namespace assay::node {
namespace {

constexpr const char* kFooter =
    R"(Keys are Ethereum keystores (version 3): any wallet can read them, and theirs can be imported.
Examples:
  assay key new alice
  assay key import bob --keystore UTC--2026-01-01T00-00-00Z--5f…
  echo 0x4c08… | assay key import carol --private-key -)";

struct KeyFlags : ChainFlags {
    PasswordFlags password;
    std::string name;
    std::string private_key_file;
    std::string keystore_file;
};

Result<int> print_entry(const KeyEntry& entry, bool json) {
    if (json) {
        print_json({{"name", entry.name}, {"address", entry.address}, {"path", entry.path.string()}}, true);
    } else {
        std::printf("%s  %s\n", entry.address.c_str(), entry.name.c_str());
    }
    return kExitDone;
}

Result<int> make_key(const KeyFlags& flags) {
    const auto home = TRY(flags.home());
    const auto key = TRY(crypto::SecretKey::random());
    const std::string password = TRY(flags.password.read("Password for the new key '" + flags.name + "'", true));
    return print_entry(TRY(store_key(home, flags.name, key, password)), flags.json);
}

Result<crypto::SecretKey> read_private_key(const std::string& file) {
    std::string text;
    if (file == "-") {
        std::getline(std::cin, text);
    } else {
        text = TRY(read_small_file(file, 1024));
    }
    const auto first = text.find_first_not_of(" \t\r\n"), last = text.find_last_not_of(" \t\r\n");
    if (first == std::string::npos) return fail(ErrorCode::malformed, "the private key is empty");
    const auto bytes = from_hex(std::string_view(text).substr(first, last - first + 1));
    if (!bytes) return fail(ErrorCode::malformed, "the private key is not 64 hexadecimal digits");
    return crypto::SecretKey::from_bytes(*bytes);
}

Result<int> import_key(const KeyFlags& flags) {
    const auto home = TRY(flags.home());
    if (flags.private_key_file.empty() == flags.keystore_file.empty())
        return fail(ErrorCode::invalid_argument, "name one of --private-key and --keystore");
    const std::string password =
        TRY(flags.password.read(flags.keystore_file.empty() ? "Password for the key" : "Password of the keystore",
                                flags.keystore_file.empty()));
    auto key = flags.keystore_file.empty() ? read_private_key(flags.private_key_file)
                                           : open_key({"", flags.keystore_file, ""}, password);
    if (!key) return std::unexpected(key.error());
    return print_entry(TRY(store_key(home, flags.name, *key, password)), flags.json);
}

Result<int> list(const KeyFlags& flags) {
    const auto entries = list_keys(TRY(flags.home()));
    if (flags.json) {
        ChainJson json = ChainJson::array();
        for (const KeyEntry& entry : entries)
            json.push_back({{"name", entry.name}, {"address", entry.address}, {"path", entry.path.string()}});
        print_json(json, true);
        return kExitDone;
    }
    for (const KeyEntry& entry : entries) TRY(print_entry(entry, false));
    if (entries.empty()) std::fprintf(stderr, "no keys yet: 'assay key new NAME' makes one\n");
    return kExitDone;
}

} // namespace

void add_key(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<KeyFlags>();
    CLI::App& key = *app.add_subcommand("key", "Account keys: make, import, list");
    key.require_subcommand(1);
    key.footer(kFooter);
    const auto add = [&](const char* name, const char* about, bool named, auto run) -> CLI::App& {
        CLI::App& command = *key.add_subcommand(name, about);
        flags->add_data_folder(command);
        flags->add_json(command);
        if (named) {
            command.add_option("name", flags->name, "What to call the key here")->required()->type_name("NAME");
            flags->password.add_to(command);
        }
        command.callback([flags, run, &action] { action = [flags, run] { return run(*flags); }; });
        return command;
    };
    add("new", "Make a key", true, make_key);
    CLI::App& import = add("import", "Take in a key from elsewhere", true, import_key);
    import.add_option("--private-key", flags->private_key_file, "File with 64 hexadecimal digits; - = standard input")
        ->type_name("FILE");
    import.add_option("--keystore", flags->keystore_file, "An Ethereum keystore; the password stays the same")
        ->type_name("FILE");
    add("list", "The keys of this machine", false, list);
}

} // namespace assay::node
