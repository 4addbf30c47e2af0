#include "codec/base_text.h"

#include <algorithm>
#include <array>

namespace assay::codec {
namespace {

constexpr std::string_view kBase58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xff;
constexpr std::size_t kBase58TextMax = 256; // quadratic work on text from outside stays small

constexpr std::array<std::uint8_t, 256> digits_of(std::string_view alphabet) {
    std::array<std::uint8_t, 256> digits{};
    digits.fill(kNoDigit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return digits;
}
constexpr auto kBase58Digits = digits_of(kBase58);
constexpr auto kBase32Digits = digits_of(kBase32);
constexpr auto kBase64Digits = digits_of(kBase64);

/// number = number * base + carry, on little-endian limbs of radix `radix`; grows as needed.
void multiply_add(Bytes& number, unsigned base, unsigned carry, unsigned radix) {
    for (std::uint8_t& limb : number) {
        carry += limb * base;
        limb = static_cast<std::uint8_t>(carry % radix);
        carry /= radix;
    }
    for (; carry != 0; carry /= radix) number.push_back(static_cast<std::uint8_t>(carry % radix));
}

/// Alphabets of 2^Bits characters: the bytes' bits in order, the last character filled up with zeros.
template <int Bits>
std::string to_text(ByteView bytes, std::string_view alphabet) {
    constexpr unsigned kMask = (1U << Bits) - 1;
    std::string text;
    text.reserve((bytes.size() * 8 + Bits - 1) / Bits);
    unsigned bits = 0;
    int count = 0;
    for (const std::uint8_t byte : bytes) {
        bits = ((bits << 8) | byte) & 0xffff;
        for (count += 8; count >= Bits; count -= Bits) text.push_back(alphabet[(bits >> (count - Bits)) & kMask]);
    }
    if (count > 0) text.push_back(alphabet[(bits << (Bits - count)) & kMask]);
    return text;
}

template <int Bits>
Result<Bytes> from_text(std::string_view text, const std::array<std::uint8_t, 256>& digits, std::string_view name,
                        std::string_view alphabet) {
    const auto malformed = [&](std::string_view what) {
        return fail(ErrorCode::malformed, std::string(name) + " text has " + std::string(what));
    };
    Bytes bytes;
    bytes.reserve(text.size() * Bits / 8);
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        const std::uint8_t digit = digits[static_cast<unsigned char>(c)];
        if (digit == kNoDigit) return malformed("a character outside " + std::string(alphabet));
        bits = ((bits << Bits) | digit) & 0xffff;
        count += Bits;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<std::uint8_t>(bits >> count));
    }
    if (count >= Bits) return malformed("an impossible length");
    if ((bits & ((1U << count) - 1)) != 0) return malformed("unused bits that are not zero");
    return bytes;
}

} // namespace

std::string to_base58btc(ByteView bytes) {
    const auto first = std::find_if(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte != 0; });
    Bytes number;
    for (auto it = first; it != bytes.end(); ++it) multiply_add(number, 256, *it, 58);
    std::string text(static_cast<std::size_t>(first - bytes.begin()), '1');
    for (auto it = number.rbegin(); it != number.rend(); ++it) text.push_back(kBase58[*it]);
    return text;
}

Result<Bytes> from_base58btc(std::string_view text) {
    if (text.size() > kBase58TextMax)
        return fail(ErrorCode::resource_exhausted, "base58 text is longer than 256 characters");
    const std::size_t zeros = std::min(text.find_first_not_of('1'), text.size());
    Bytes number;
    for (const char c : text.substr(zeros)) {
        const std::uint8_t digit = kBase58Digits[static_cast<unsigned char>(c)];
        if (digit == kNoDigit) return fail(ErrorCode::malformed, "base58 text has a character outside its alphabet");
        multiply_add(number, 58, digit, 256);
    }
    number.insert(number.end(), zeros, 0);
    std::reverse(number.begin(), number.end());
    return number;
}

std::string to_base32(ByteView bytes) { return to_text<5>(bytes, kBase32); }

Result<Bytes> from_base32(std::string_view text) { return from_text<5>(text, kBase32Digits, "base32", "a-z, 2-7"); }

std::string to_base64(ByteView bytes) { return to_text<6>(bytes, kBase64); }

Result<Bytes> from_base64(std::string_view text) {
    return from_text<6>(text, kBase64Digits, "base64", "A-Z, a-z, 0-9, +, /");
}

} // namespace assay::codec
