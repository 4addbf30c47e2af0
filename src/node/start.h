#pragma once
/// A whole node: models, engine, chain, HTTP surface; from start to a clean end. Local class.
#include "base/result.h"
#include "engine/service.h"
#include "node/chain/chain_host.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace assay::node {

struct NodeOptions {
    std::filesystem::path model;           ///< empty = the default model, fetched when it is not in the cache
    std::filesystem::path embedding_model; ///< empty = none
    std::filesystem::path data_folder;     ///< empty = default_data_folder()
    std::string address = "127.0.0.1";
    std::optional<std::uint16_t> port; ///< 0 = any free one; absent = 8080, or any free one when that is taken
    std::uint32_t threads = 0;         ///< 0 = one a core
    std::string isa;                   ///< as engine::ModelOptions
    engine::ServiceOptions service;
    std::vector<std::string> allowed_origins;
    std::uint32_t drain_timeout_s = 30;
    bool access_log = false; ///< a line on standard error for each request
    bool serve_model = true; ///< false: a node of the chain only
    bool with_chain = true;
    ChainOptions chain; ///< its data folder is `data_folder`
};

/// Starts, prints the URL, serves until SIGTERM or SIGINT, drains, ends. The value is the process's exit code: 0 when every
/// request under way was answered, 1 when the time to drain ran out or the chain cannot go on, 130 after a second signal.
/// Errors: whatever keeps it from starting, with the option or file at fault.
Result<int> run_node(const NodeOptions& options);

} // namespace assay::node
