#include "node/chain/lost_results.h"

#include "consensus/blocks/block_log.h"
#include "consensus/embedded/block.h"
#include "node/chain/chain_host.h"

namespace assay::node {
namespace {

using consensus::BlockLog;

bool are_whole(const BlockLog& blocks, const LostResults& range) {
    for (std::uint64_t height = range.first; height <= range.last; ++height) {
        const auto record = blocks.read(height);
        const auto block = record ? consensus::decode_block(*record)
                                  : Result<consensus::EmbeddedBlock>(std::unexpected(record.error()));
        if (!block || !consensus::check_signature(*block)) return false;
    }
    return true;
}

bool has_all_folders(const ChainHome& home) {
    std::error_code error;
    for (const auto& folder : {home.state(), home.blocks(), home.results()}) {
        if (!std::filesystem::exists(folder, error)) return false;
    }
    return true;
}

} // namespace

Result<LostResults> find_lost_results(const ChainHome& home, const chain::StateStore& store) {
    if (!has_all_folders(home)) return LostResults{};
    const auto results = TRY(BlockLog::open(home.results()));
    const LostResults lost{results->last_height() + 1, store.version()};
    const bool is_short = results->last_height() != 0 && lost.first <= lost.last;
    if (!is_short || results->last_height() < store.oldest_version()) return LostResults{};
    const auto blocks = TRY(BlockLog::open(home.blocks()));
    return are_whole(*blocks, lost) ? lost : LostResults{};
}

Result<LostResults> prepare_lost_results(const ChainHome& home) {
    if (!has_all_folders(home)) return LostResults{};
    const auto chain = TRY(open_chain_at_rest(home, false));
    const LostResults lost = TRY(find_lost_results(home, *chain.store));
    if (lost.first != 0) TRY_VOID(chain.store->rollback(lost.first - 1));
    return lost;
}

} // namespace assay::node
