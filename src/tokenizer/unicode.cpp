#include "tokenizer/unicode.h"

#include "tokenizer/unicode_tables.h"

#include <algorithm>

namespace assay::tokenizer {
namespace {

std::uint32_t byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

/// What a lead byte promises: sequence length and the allowed range of the second byte (Unicode table 3-7).
struct Lead {
    std::uint32_t length, low, high;
};

Lead lead_of(std::uint32_t byte) {
    if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
    if (byte == 0xE0) return {3, 0xA0, 0xBF};
    if (byte == 0xED) return {3, 0x80, 0x9F};
    if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
    if (byte == 0xF0) return {4, 0x90, 0xBF};
    if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
    if (byte == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

struct Scan {
    std::size_t good;   ///< bytes that fit together from the start, at least 1
    std::size_t length; ///< bytes the sequence needs; 0 when the first byte cannot start one
};

Scan scan(std::string_view bytes) {
    if (byte_at(bytes, 0) < 0x80) return {1, 1};
    const Lead lead = lead_of(byte_at(bytes, 0));
    if (lead.length == 0) return {1, 0};
    std::size_t i = 1;
    for (; i < lead.length && i < bytes.size(); ++i) {
        const std::uint32_t low = i == 1 ? lead.low : 0x80;
        const std::uint32_t high = i == 1 ? lead.high : 0xBF;
        if (byte_at(bytes, i) < low || byte_at(bytes, i) > high) break;
    }
    return {i, lead.length};
}

} // namespace

Properties::Properties() {
    for (std::size_t run = 0; run < tables::kPropertyRunsSize; ++run) {
        const std::size_t first = tables::kPropertyRuns[run].first;
        const std::size_t end = run + 1 < tables::kPropertyRunsSize ? tables::kPropertyRuns[run + 1].first : kFlat;
        if (first >= kFlat) break;
        std::fill(flat_.begin() + first, flat_.begin() + std::min(end, kFlat), tables::kPropertyRuns[run].flags);
    }
}

const Properties& Properties::get() {
    static const Properties instance;
    return instance;
}

std::uint8_t Properties::beyond(char32_t c) {
    const auto* begin = tables::kPropertyRuns;
    const auto* after =
        std::upper_bound(begin, begin + tables::kPropertyRunsSize, c,
                         [](char32_t value, const tables::PropertyRun& run) { return value < run.first; });
    return (after - 1)->flags;
}

std::size_t character_count(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

void append_utf8(std::string& out, char32_t c) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | c >> 6);
        put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        put(0xE0 | c >> 12);
        put(0x80 | (c >> 6 & 0x3F));
        put(0x80 | (c & 0x3F));
    } else {
        put(0xF0 | c >> 18);
        put(0x80 | (c >> 12 & 0x3F));
        put(0x80 | (c >> 6 & 0x3F));
        put(0x80 | (c & 0x3F));
    }
}

std::size_t valid_prefix(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (byte_at(bytes, at) < 0x80) {
            ++at;
            continue;
        }
        const Scan found = scan(bytes.substr(at));
        if (found.good != found.length) break;
        at += found.length;
    }
    return at;
}

std::size_t invalid_length(std::string_view bytes) { return scan(bytes).good; }

bool is_incomplete_sequence(std::string_view bytes) {
    if (bytes.empty()) return false;
    const Scan found = scan(bytes);
    return found.good == bytes.size() && found.good < found.length;
}

std::string_view replace_invalid(std::string_view text, std::string& storage) {
    std::size_t valid = valid_prefix(text);
    if (valid == text.size()) return text;
    storage.clear();
    storage.reserve(text.size() + 16);
    while (true) {
        storage.append(text.substr(0, valid));
        text.remove_prefix(valid);
        if (text.empty()) return storage;
        storage.append("\xEF\xBF\xBD");
        text.remove_prefix(invalid_length(text));
        valid = valid_prefix(text);
    }
}

} // namespace assay::tokenizer
