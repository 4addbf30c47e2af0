#include "node/commands/chain_flags.h"

#include "node/folders.h"
#include "node/terminal.h"

#include <cstdio>
#include <cstdlib>
#include <termios.h>
#include <unistd.h>

namespace assay::node {
namespace {

constexpr std::size_t kPasswordBytesMax = 1024;

/// A line from the terminal, not shown while it is typed.
Result<std::string> ask_secretly(const std::string& question) {
    std::fprintf(stderr, "%s: ", question.c_str());
    termios before{};
    if (::tcgetattr(STDIN_FILENO, &before) != 0) return fail(ErrorCode::io, "cannot use the terminal");
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    std::string line;
    for (int c = std::getchar(); c != '\n' && c != EOF && line.size() < kPasswordBytesMax; c = std::getchar())
        line.push_back(static_cast<char>(c));
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fputc('\n', stderr);
    return line;
}

} // namespace

void ChainFlags::add_data_folder(CLI::App& command) {
    command
        .add_option("--data-dir", data_folder,
                    "Folder of the node; default: $XDG_DATA_HOME/assay or ~/.local/share/assay")
        ->type_name("DIR");
}

void ChainFlags::add_node(CLI::App& command) {
    command
        .add_option("--node", node, "URL of a node; default: the one running on --data-dir, or http://127.0.0.1:8080")
        ->type_name("URL");
}

void ChainFlags::add_json(CLI::App& command) { command.add_flag("--json", json, "Answer in one line of JSON"); }

Result<ChainHome> ChainFlags::home() const {
    return ChainHome{data_folder.empty() ? TRY(default_data_folder()) : std::filesystem::path(data_folder)};
}

Result<NodeClient> ChainFlags::client() const { return NodeClient::create(node, TRY(home())); }

void PasswordFlags::add_to(CLI::App& command) {
    command
        .add_option("--password-file", file,
                    "File whose first line is the password; default: ASSAY_PASSWORD, or asked for at a terminal")
        ->type_name("FILE");
}

Result<std::string> PasswordFlags::read(const std::string& question, bool twice) const {
    if (!file.empty()) {
        const std::string text = TRY(read_small_file(file, kPasswordBytesMax));
        return text.substr(0, text.find_first_of("\r\n"));
    }
    if (const char* variable = std::getenv("ASSAY_PASSWORD")) return std::string(variable);
    if (!is_terminal(STDIN_FILENO)) return std::string();
    std::string password = TRY(ask_secretly(question));
    if (twice && TRY(ask_secretly("Again")) != password)
        return fail(ErrorCode::invalid_argument, "the two passwords are not the same");
    return password;
}

void print_json(const ChainJson& json, bool one_line) {
    std::printf("%s\n", json.dump(one_line ? -1 : 2, ' ', false, ChainJson::error_handler_t::replace).c_str());
}

} // namespace assay::node
