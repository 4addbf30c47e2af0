#include "tokenizer/charsmap.h"

#include "tokenizer/unicode.h"
#include "tokenizer/unicode_normal.h"

#include <algorithm>

namespace assay::tokenizer {
namespace {

constexpr std::size_t kCharsmapLimit = 64u << 20;

/// Clusters of this many bytes or more are rewritten character by character.
constexpr std::size_t kLongCluster = 6;

// One unit of the double array: a label, a link to children, and whether a value hangs off it.
bool has_value(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t value_of(std::uint32_t unit) { return unit & 0x7FFFFFFF; }
std::uint32_t label_of(std::uint32_t unit) { return unit & 0x800000FF; }
std::uint32_t link_of(std::uint32_t unit) { return (unit >> 10) << ((unit & 1u << 9) >> 6); }

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return value;
}

} // namespace

Result<Charsmap> Charsmap::create(std::string_view bytes) {
    if (bytes.size() < 4 || bytes.size() > kCharsmapLimit) {
        return fail(ErrorCode::malformed, "precompiled_charsmap: " + std::to_string(bytes.size()) + " bytes");
    }
    const std::uint32_t size = read_u32(bytes, 0);
    if (size % 4 != 0 || size == 0 || size > bytes.size() - 4) {
        return fail(ErrorCode::malformed, "precompiled_charsmap: a trie of " + std::to_string(size) + " bytes in " +
                                              std::to_string(bytes.size()));
    }
    Charsmap map;
    for (std::size_t at = 0; at < size; at += 4) map.units_.push_back(read_u32(bytes, 4 + at));
    map.replacements_ = std::string(bytes.substr(4 + size));
    if (valid_prefix(map.replacements_) != map.replacements_.size()) {
        return fail(ErrorCode::malformed, "precompiled_charsmap: replacements are not UTF-8");
    }
    for (std::size_t at = 0; at < map.replacements_.size();) {
        const std::size_t end = std::min(map.replacements_.find('\0', at), map.replacements_.size());
        map.longest_ = std::max(map.longest_, end - at);
        at = end + 1;
    }
    return map;
}

std::optional<std::string_view> Charsmap::replacement(std::string_view text) const {
    std::uint32_t at = link_of(units_[0]);
    for (const char c : text) {
        const auto byte = static_cast<std::uint32_t>(static_cast<unsigned char>(c));
        at ^= byte;
        if (byte == 0 || at >= units_.size() || label_of(units_[at]) != byte) return std::nullopt;
        const std::uint32_t unit = units_[at];
        at ^= link_of(unit);
        if (!has_value(unit)) continue;
        if (at >= units_.size() || value_of(units_[at]) > replacements_.size()) return std::nullopt;
        const std::string_view rest = std::string_view(replacements_).substr(value_of(units_[at]));
        // A hostile offset may point into a character.
        const std::string_view found = rest.substr(0, rest.find('\0'));
        return valid_prefix(found) == found.size() ? std::optional(found) : std::nullopt;
    }
    return std::nullopt;
}

void Charsmap::apply(std::string& text) const {
    std::string out;
    out.reserve(text.size());
    const std::string_view view = text;
    for (std::size_t at = 0; at < view.size();) {
        const std::size_t end = grapheme_end(view, at);
        if (end - at < kLongCluster) {
            if (const auto whole = replacement(view.substr(at, end - at))) {
                out += *whole;
                at = end;
                continue;
            }
        }
        while (at < end) {
            const std::string_view character = view.substr(at, character_at(view, at).size);
            out += replacement(character).value_or(character);
            at += character.size();
        }
    }
    text = std::move(out);
}

} // namespace assay::tokenizer
