#include "crypto/sha256.h"

#include "base/assert.h"
#include "crypto/sha256_implementation.h"

#include <algorithm>
#include <cstring>

namespace assay::crypto {
namespace {

constexpr std::size_t kLengthBytes = 8;

void store_big_endian(std::uint64_t value, std::size_t size, std::uint8_t* out) {
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
}

} // namespace

template <std::size_t Streams>
Sha256Streams<Streams>::Sha256Streams() : Sha256Streams(sha256_implementations().front()) {}

template <std::size_t Streams>
Sha256Streams<Streams>::Sha256Streams(const Sha256Implementation& implementation) : implementation_(&implementation) {
    reset();
}

template <std::size_t Streams>
void Sha256Streams<Streams>::reset() {
    state_.fill(kSha256InitialState);
    buffered_ = 0;
    length_ = 0;
}

template <std::size_t Streams>
void Sha256Streams<Streams>::compress(const std::array<const std::uint8_t*, Streams>& blocks, std::size_t count) {
    if constexpr (Streams == 1) {
        implementation_->compress(state_[0].data(), blocks[0], count);
    } else {
        implementation_->compress_pair(state_[0].data(), state_[1].data(), blocks[0], blocks[1], count);
    }
}

template <std::size_t Streams>
void Sha256Streams<Streams>::update(const std::array<ByteView, Streams>& parts) {
    const std::size_t size = parts[0].size();
    for (const ByteView part : parts) ASSAY_ASSERT(part.size() == size);
    std::size_t taken = 0;
    const auto buffer_up_to = [&](std::size_t count) {
        if (count == 0) return;
        for (std::size_t s = 0; s < Streams; ++s)
            std::memcpy(buffer_[s].data() + buffered_, parts[s].data() + taken, count);
        buffered_ += count;
        taken += count;
    };
    length_ += size;
    if (buffered_ > 0) {
        buffer_up_to(std::min(kBlockBytes - buffered_, size));
        if (buffered_ < kBlockBytes) return;
        std::array<const std::uint8_t*, Streams> blocks{};
        for (std::size_t s = 0; s < Streams; ++s) blocks[s] = buffer_[s].data();
        compress(blocks, 1);
        buffered_ = 0;
    }
    if (const std::size_t count = (size - taken) / kBlockBytes; count > 0) {
        std::array<const std::uint8_t*, Streams> blocks{};
        for (std::size_t s = 0; s < Streams; ++s) blocks[s] = parts[s].data() + taken;
        compress(blocks, count);
        taken += count * kBlockBytes;
    }
    buffer_up_to(size - taken);
}

template <std::size_t Streams>
void Sha256Streams<Streams>::append_padding() {
    const std::uint64_t bits = length_ * 8;
    const std::size_t zeros_end =
        (buffered_ + 1 + kLengthBytes <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes) - kLengthBytes;
    std::array<std::uint8_t, 2 * kBlockBytes> padding{};
    padding[0] = 0x80;
    const std::size_t size = zeros_end - buffered_ + kLengthBytes;
    store_big_endian(bits, kLengthBytes, padding.data() + size - kLengthBytes);
    std::array<ByteView, Streams> parts;
    parts.fill(ByteView(padding.data(), size));
    update(parts);
}

template <std::size_t Streams>
std::array<Digest, Streams> Sha256Streams<Streams>::finish_all() {
    append_padding();
    std::array<Digest, Streams> digests;
    for (std::size_t s = 0; s < Streams; ++s) {
        for (std::size_t i = 0; i < 8; ++i) store_big_endian(state_[s][i], 4, digests[s].data() + 4 * i);
    }
    reset();
    return digests;
}

template class Sha256Streams<1>;
template class Sha256Streams<2>;

Digest sha256(ByteView message) {
    Sha256 hash;
    hash.update(message);
    return hash.finish();
}

std::pair<Digest, Digest> sha256_pair(ByteView a, ByteView b) {
    Sha256Pair hash;
    hash.update({a, b});
    const auto digests = hash.finish_all();
    return {digests[0], digests[1]};
}

std::string_view sha256_implementation_name() { return sha256_implementations().front().name; }

} // namespace assay::crypto
