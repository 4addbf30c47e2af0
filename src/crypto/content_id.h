#pragma once
/// CIDs of blocks. Thread-safe; committed class.
#include "codec/cid.h"
#include "crypto/sha256.h"

namespace assay::crypto {

/// CIDv1 with SHA-256 of one block in codec `codec` (codec::kCodecRaw, kCodecDagCbor, …).
codec::Cid content_id(std::uint64_t codec, ByteView block);
codec::Cid content_id(std::uint64_t codec, const Digest& digest);

} // namespace assay::crypto
