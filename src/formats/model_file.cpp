#include "formats/model_file.h"

#include "codec/utf8.h"
#include "formats/gguf_model.h"
#include "formats/hf_folder.h"
#include "formats/model_config.h"
#include "formats/model_file_builder.h"
#include "formats/quote.h"

#include <algorithm>
#include <functional>

namespace assay::formats {
namespace {

constexpr std::size_t kChatTemplateBytesMax = std::size_t{1} << 20;

bool contains(ByteView whole, ByteView part) {
    const std::less_equal<> in_order;
    return in_order(whole.data(), part.data()) && in_order(part.data() + part.size(), whole.data() + whole.size());
}

} // namespace

ByteView ModelFileBuilder::keep(MappedFile mapping) {
    file_.mappings_.push_back(std::move(mapping));
    return file_.mappings_.back().bytes();
}

Result<void> ModelFileBuilder::add_tensor(std::string canonical_name, const tensor::TensorView& view) {
    const auto [place, is_new] = file_.tensors_.try_emplace(std::move(canonical_name), view);
    if (!is_new) return fail(ErrorCode::malformed, "tensor " + quote(place->first) + ": occurs twice");
    return {};
}

void ModelFileBuilder::remove_tensor(std::string_view canonical_name) {
    const auto found = file_.tensors_.find(canonical_name);
    if (found != file_.tensors_.end()) file_.tensors_.erase(found);
}

Result<std::shared_ptr<const ModelFile>> ModelFileBuilder::finish() && {
    normalise(file_.config_);
    TRY_VOID(check(file_.config_));
    if (file_.chat_template_.size() > kChatTemplateBytesMax) {
        return fail(ErrorCode::resource_exhausted, "chat template: " + std::to_string(file_.chat_template_.size()) +
                                                       " bytes exceed the limit of " +
                                                       std::to_string(kChatTemplateBytesMax));
    }
    if (!codec::is_valid_utf8(file_.chat_template_)) return fail(ErrorCode::malformed, "chat template: is not UTF-8");
    std::ranges::sort(file_.transposed_);
    return std::shared_ptr<const ModelFile>(new ModelFile(std::move(file_)));
}

Result<std::shared_ptr<const ModelFile>> ModelFile::open(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return open_hf_folder(path);
    if (path.extension() == ".safetensors") return open_safetensors(path);
    return open_gguf(path);
}

const tensor::TensorView* ModelFile::find(std::string_view canonical_name) const {
    const auto found = tensors_.find(canonical_name);
    return found == tensors_.end() ? nullptr : &found->second;
}

bool ModelFile::transposed(std::string_view canonical_name) const {
    return std::ranges::binary_search(transposed_, canonical_name, std::less<>());
}

void ModelFile::release_pages(const tensor::TensorView& view) const {
    for (const MappedFile& mapping : mappings_) {
        if (contains(mapping.bytes(), view.bytes)) mapping.release_pages(view.bytes);
    }
}

} // namespace assay::formats
