#pragma once
/// What the commands of the chain share: data folder, node, passwords. Internal to the room.
#include "node/chain/chain_home.h"
#include "node/chain/node_client.h"
#include "node/commands/command.h"

#include <memory>
#include <string>

namespace assay::node {

struct ChainFlags {
    std::string data_folder;
    std::string node;
    bool json = false;

    void add_data_folder(CLI::App& command);
    void add_node(CLI::App& command);
    void add_json(CLI::App& command);
    Result<ChainHome> home() const;
    Result<NodeClient> client() const;
};

/// --password-file, else the variable ASSAY_PASSWORD, else asked for at a terminal, else none.
struct PasswordFlags {
    std::string file;
    void add_to(CLI::App& command);
    /// `twice`: a new password is asked for again. Errors: those of reading, invalid_argument (the two differ).
    Result<std::string> read(const std::string& question, bool twice) const;
};

/// JSON in one line, or readably indented for people.
void print_json(const ChainJson& json, bool one_line);

void add_key(CLI::App& app, Action& action);
void add_tx(CLI::App& app, Action& action);
void add_query(CLI::App& app, Action& action);
void add_chain(CLI::App& app, Action& action);
void add_localnet(CLI::App& app, Action& action);
void add_light(CLI::App& app, Action& action);

} // namespace assay::node
