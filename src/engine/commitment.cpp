// Content identity of a model (docs/spec/commitment.md), top to bottom in identify().
#include "base/mapped_file.h"
#include "codec/dag_cbor.h"
#include "crypto/content_id.h"
#include "crypto/merkle.h"
#include "crypto/unixfs.h"
#include "engine/hash_jobs.h"
#include "engine/manifest.h"
#include "engine/model.h"

#include <algorithm>
#include <deque>

namespace assay::engine {
namespace {

using crypto::Digest;
using crypto::UnixFsLink;

constexpr std::size_t kJobBytes = std::size_t{4} << 20;
static_assert(kJobBytes % kTensorChunkBytes == 0 && kJobBytes % crypto::kIpfsAddV1.chunk_bytes == 0);

template <class Work>
void add_pieces(HashJobs& jobs, ByteView bytes, const Work& work) {
    for (std::size_t at = 0; at < bytes.size(); at += kJobBytes) {
        const ByteView piece = bytes.subspan(at, std::min(kJobBytes, bytes.size() - at));
        jobs.add(piece.size(), [work, piece, at] { work(piece, at); });
    }
}

/// One tensor and the leaf hashes of its chunks.
struct TensorHash {
    const formats::ModelFile* model;
    std::string_view name;
    const tensor::TensorView* view;
    std::vector<Digest> leaves;

    void schedule(HashJobs& jobs) {
        leaves.resize(crypto::chunk_count(view->bytes.size(), kTensorChunkBytes));
        add_pieces(jobs, view->bytes, [this](ByteView piece, std::size_t at) {
            const std::size_t count = crypto::chunk_count(piece.size(), kTensorChunkBytes);
            crypto::merkle_chunk_leaves(piece, kTensorChunkBytes,
                                        std::span(leaves).subspan(at / kTensorChunkBytes, count));
            model->release_pages({view->dtype, view->shape, piece}); // hashing needs no more memory than it found
        });
    }
};

/// One file and its UnixFS leaves, piece by piece.
struct FileHash {
    std::string name;
    MappedFile file;
    std::vector<std::vector<UnixFsLink>> leaves;

    void schedule(HashJobs& jobs) {
        leaves.resize(crypto::chunk_count(file.bytes().size(), kJobBytes));
        add_pieces(jobs, file.bytes(), [this](ByteView piece, std::size_t at) {
            leaves[at / kJobBytes] = crypto::unixfs_leaves(piece, crypto::kIpfsAddV1);
            file.release_pages(piece);
        });
    }

    UnixFsLink root() {
        crypto::UnixFsTree tree(crypto::kIpfsAddV1);
        for (auto& piece : leaves) {
            for (UnixFsLink& leaf : piece) tree.add(std::move(leaf));
        }
        return tree.finish();
    }
};

Result<std::deque<FileHash>> open_files(const formats::ModelFile& model) {
    std::deque<FileHash> files; // a deque: jobs keep addresses
    for (const std::filesystem::path& path : model.paths()) {
        files.push_back({path.filename().string(), TRY(MappedFile::open(path)), {}});
    }
    return files;
}

std::deque<TensorHash> list_tensors(const formats::ModelFile& model) {
    std::deque<TensorHash> tensors;
    for (const auto& [name, view] : model.tensors()) tensors.push_back({&model, name, &view, {}});
    return tensors;
}

Result<Digest> tensors_root(const formats::ModelFile& model, const std::deque<TensorHash>& tensors) {
    crypto::MerkleBuilder builder; // std::map gave the order: names by bytes
    for (const TensorHash& tensor : tensors) {
        const auto record =
            tensor_record(tensor.name, *tensor.view, model.transposed(tensor.name), crypto::merkle_root(tensor.leaves));
        auto block = codec::encode_dag_cbor(record);
        if (!block)
            return fail(ErrorCode::malformed, "tensor '" + std::string(tensor.name) + "': " + block.error().message);
        builder.add(crypto::merkle_leaf(*block));
    }
    return builder.root();
}

Result<Bytes> encode(std::string_view what, const codec::Value& value) {
    auto block = codec::encode_dag_cbor(value);
    if (!block) return fail(ErrorCode::malformed, std::string(what) + ": " + block.error().message);
    return std::move(*block);
}

Result<Bytes> encode_manifest(const formats::ModelFile& model, const std::deque<TensorHash>& tensors) {
    const Bytes tokenizer = TRY(encode("tokenizer", tokenizer_record(model.tokenizer())));
    const Digest root = TRY(tensors_root(model, tensors));
    return encode(
        "model configuration",
        manifest_record({.graph = graph_record(model.config()),
                         .tokenizer = crypto::content_id(codec::kCodecDagCbor, tokenizer),
                         .chat_template = crypto::content_id(codec::kCodecRaw, as_byte_view(model.chat_template())),
                         .tensor_count = tensors.size(),
                         .tensors_root = root}));
}

/// A model of one file is that file; a model of several is the folder that holds exactly those.
Result<codec::Cid> files_cid(std::deque<FileHash>& files) {
    if (files.size() == 1) return files.front().root().cid;
    std::vector<crypto::UnixFsEntry> entries;
    for (FileHash& file : files) entries.push_back({file.name, file.root()});
    return crypto::unixfs_directory_cid(std::move(entries), crypto::kIpfsAddV1);
}

} // namespace

Result<ModelIdentity> identify(const formats::ModelFile& model,
                               const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    std::deque<FileHash> files = TRY(open_files(model));
    std::deque<TensorHash> tensors = list_tensors(model);
    HashJobs jobs;
    for (TensorHash& tensor : tensors) tensor.schedule(jobs);
    for (FileHash& file : files) file.schedule(jobs);
    jobs.run(0, progress);

    ModelIdentity identity;
    identity.cid = TRY(files_cid(files)).to_string();
    identity.manifest = TRY(encode_manifest(model, tensors));
    identity.commitment = crypto::content_id(codec::kCodecDagCbor, identity.manifest).to_string();
    return identity;
}

} // namespace assay::engine
