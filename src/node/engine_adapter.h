#pragma once
/// The engine as the HTTP surface wants it: api::ChatEngine over one generation model and, if asked for, one embedding model.
/// Thread-safe as the port demands. Owns the models and their services. Adds nothing to answers.
#include "api/ports.h"
#include "engine/service.h"
#include "node/open_model.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace assay::node {

struct ServedModel {
    std::filesystem::path path;
    OpenModel open;
    engine::ServiceOptions service; ///< for models that generate
};

class EngineAdapter : public api::ChatEngine {
public:
    /// Starts a service for each model that generates. Errors: invalid_argument (two models of one name, none at all),
    /// as engine::make_service.
    static Result<std::shared_ptr<EngineAdapter>> create(std::vector<ServedModel> models);

    /// Hashes the models, one after the other; their descriptions name the commitments from then on. Blocks.
    virtual void identify() = 0;
    /// Waits for the running requests. New ones are refused.
    virtual void drain(std::uint32_t timeout_ms) = 0;
};

} // namespace assay::node
