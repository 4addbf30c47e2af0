#include "formats/quote.h"

namespace assay::formats {

std::string quote(std::string_view name) {
    constexpr std::size_t kShown = 96;
    std::string out = "'";
    for (const char c : name.substr(0, kShown)) out += c >= ' ' && c <= '~' ? c : '?';
    if (name.size() > kShown) out += "…";
    return out + "'";
}

} // namespace assay::formats
