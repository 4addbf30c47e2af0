#pragma once
/// Memory that a forward pass works in, kept between passes. Grows to the largest pass seen. Internal to the room.
/// Local class; one thread owns it, parts are handed to the pool's threads.
#include "engine/model_weights.h"
#include "kernels/kernels.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay::engine {

/// 64-byte aligned floats; contents are lost when it grows.
class FloatBuffer {
public:
    float* reserve(std::size_t count) {
        if (bytes_.size() < count * sizeof(float)) bytes_ = kernels::AlignedBytes(count * sizeof(float));
        return data();
    }
    float* data() { return reinterpret_cast<float*>(bytes_.data()); }

private:
    kernels::AlignedBytes bytes_;
};

/// Tiles of eight rows of quantised activations, width / 32 blocks each.
class TileBuffer {
public:
    kernels::ActivationBlock* reserve(std::size_t rows, std::size_t width) {
        const std::size_t tiles = (rows + kernels::kTileRows - 1) / kernels::kTileRows;
        const std::size_t size = tiles * (width / kernels::kBlock) * sizeof(kernels::ActivationBlock);
        if (bytes_.size() < size) bytes_ = kernels::AlignedBytes(size);
        return reinterpret_cast<kernels::ActivationBlock*>(bytes_.data());
    }

private:
    kernels::AlignedBytes bytes_;
};

/// The input of linear layers: floats, and the same quantised where a layer wants it so. Borrows both.
struct Activations {
    const float* x = nullptr; ///< row after row, `width` elements each
    std::size_t width = 0;
    /// Rows quantised, once or twice: then the second terms follow the rows (KernelSet::quantize_twice).
    kernels::ActivationBlock* tiles = nullptr;
};

/// How an input is quantised.
enum class Terms { none, one, two };

/// What one thread alone touches.
struct ThreadScratch {
    FloatBuffer normed; ///< where every thread prepares the few rows of a decoding step for itself
    TileBuffer tiles;
    FloatBuffer scores;
    FloatBuffer tail;  ///< outputs of a layer's last group where it is not full
    FloatBuffer terms; ///< outputs for both terms of an input
    std::vector<const float*> queries;
    std::vector<float*> outputs;
    std::vector<std::uint32_t> lengths, starts;
    std::vector<const std::uint16_t*> key_pages, value_pages;
};

struct Workspace {
    FloatBuffer residual;  ///< [rows][embedding]
    FloatBuffer qkv;       ///< [rows][heads + 2 kv_heads][head_size]
    FloatBuffer attended;  ///< [rows][heads][head_size]
    FloatBuffer projected; ///< [rows][embedding]: outputs of the two layers that return to the residual
    FloatBuffer up;        ///< [rows][feed_forward]
    FloatBuffer inner;     ///< [rows][feed_forward]: input of the down projection
    TileBuffer inner_tiles;
    FloatBuffer normed;    ///< [rows][embedding]
    TileBuffer tiles;      ///< of the normed residual or of what was attended
    FloatBuffer cosines, sines; ///< [rows][rope_size / 2]
    std::vector<ThreadScratch> threads;
};

} // namespace assay::engine
