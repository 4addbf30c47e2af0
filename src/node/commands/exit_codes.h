#pragma once
/// Exit codes of every command, as documented in docs/cli.md and `assay --help`. Internal to the room.
#include "base/result.h"

namespace assay::node {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;      ///< something went wrong while working: disk, network, a limit
inline constexpr int kExitUsage = 2;       ///< the command line or the input on stdin is wrong
inline constexpr int kExitBadFile = 3;     ///< a file is missing, malformed or of a kind that is not supported
inline constexpr int kExitInterrupted = 130;

inline int exit_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument: return kExitUsage;
        case ErrorCode::malformed:
        case ErrorCode::unsupported:
        case ErrorCode::not_found: return kExitBadFile;
        case ErrorCode::cancelled: return kExitInterrupted;
        case ErrorCode::io:
        case ErrorCode::resource_exhausted:
        case ErrorCode::internal: break;
    }
    return kExitFailed;
}

} // namespace assay::node
