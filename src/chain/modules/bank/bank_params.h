#pragma once
/// What governance can change about bank. Plain values; committed class.
#include "base/result.h"

#include <cstdint>
#include <string_view>

namespace assay::chain {

struct BankParams {
    static constexpr std::string_view kModule = "bank";
    static constexpr std::string_view kStruct = "BankParams";

    /// How long at least the nonce of a settled authorisation is remembered; never less than until the authorisation ends.
    /// 0 = for ever, as a contract would.
    std::uint64_t authorization_keep_s = 30 * 24 * 3600;

    static void fields(auto&& self, auto&& visit) { visit("authorization_keep_s", self.authorization_keep_s); }
    bool operator==(const BankParams&) const = default;

    /// Errors: invalid_argument, naming the parameter and its range.
    Result<void> validate() const {
        if (authorization_keep_s == 0) return {};
        if (authorization_keep_s >= kKeepFloorS && authorization_keep_s <= kKeepCeilingS) return {};
        return fail(ErrorCode::invalid_argument, "authorization_keep_s: neither 0 nor within " +
                                                     std::to_string(kKeepFloorS) + " … " +
                                                     std::to_string(kKeepCeilingS));
    }

    static constexpr std::uint64_t kKeepFloorS = 60;
    static constexpr std::uint64_t kKeepCeilingS = std::uint64_t{1} << 32;
};

} // namespace assay::chain
