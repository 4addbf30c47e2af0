#pragma once
/// What governance can change about the registry. Plain values; committed class.
#include "chain/context.h"

#include <cstdint>
#include <string_view>

namespace assay::chain {

struct RegistryParams {
    static constexpr std::string_view kModule = "registry";
    static constexpr std::string_view kStruct = "RegistryParams";

    std::uint32_t protocol_fee = 1'000'000; ///< of each royalty payment, in units of 10^-8 (1 %)
    Address arbiter; ///< marks assets as disputed and lifts it again; zero = nobody does
    std::uint64_t quote_blocks = 600; ///< how long a quote at the list price holds
    std::uint64_t delivery_blocks_max = 100'000; ///< longest time a listing may leave its seller to deliver
    std::uint64_t dispute_blocks_min = 10; ///< shortest time a listing may leave its buyer to object
    std::uint64_t dispute_blocks_max = 1'000'000; ///< and the longest
    std::uint64_t arbitration_blocks = 100'000; ///< after which a silent arbiter has refunded the buyer
    std::uint32_t deadlines_per_block_max = 256; ///< market deadlines handled in one block; the rest wait for the next

    static void fields(auto&& self, auto&& visit) {
        visit("protocol_fee", self.protocol_fee);
        visit("arbiter", self.arbiter);
        visit("quote_blocks", self.quote_blocks);
        visit("delivery_blocks_max", self.delivery_blocks_max);
        visit("dispute_blocks_min", self.dispute_blocks_min);
        visit("dispute_blocks_max", self.dispute_blocks_max);
        visit("arbitration_blocks", self.arbitration_blocks);
        visit("deadlines_per_block_max", self.deadlines_per_block_max);
    }
    bool operator==(const RegistryParams&) const = default;

    /// Errors: invalid_argument, naming the parameter and its range.
    Result<void> validate() const;
};

} // namespace assay::chain
