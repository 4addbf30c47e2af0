#pragma once
/// The header that a light client begins from, on the command line. Internal to the room.
#include "consensus/light/light_source.h"
#include "consensus/light/verifier.h"
#include "node/commands/command.h"

#include <string>

namespace assay::node {

struct TrustFlags {
    std::uint64_t height = 1;
    std::string hash;
    consensus::TrustOptions options;

    /// `required`: nothing is worth anything without the two. Otherwise height 1, and whatever hash the node shows.
    void add_to(CLI::App& command, bool required);
    Result<consensus::TrustRoot> root() const;
    /// Of `source`, where no hash is given: then nothing is trusted yet, and checking is left to 'light verify'.
    Result<consensus::TrustRoot> root(const consensus::LightSource& source) const;
};

consensus::BlockTime time_now();

} // namespace assay::node
