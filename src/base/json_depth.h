#pragma once
/// How deep a JSON text nests, found before a parser builds anything from it. Pure.
#include <cstddef>
#include <string_view>

namespace assay {

/// Whether brackets outside strings nest deeper than `depth_max`. `text` need not be JSON.
bool json_nests_deeper(std::string_view text, std::size_t depth_max);

} // namespace assay
