#pragma once
/// Puts a ModelFile together; each reader fills one. Internal to the room. Not thread-safe.
#include "formats/model_file.h"

#include <memory>

namespace assay::formats {

class ModelFileBuilder {
public:
    explicit ModelFileBuilder(std::string_view format) { file_.format_ = format; }

    ModelConfig& config() { return file_.config_; }
    TokenizerData& tokenizer() { return file_.tokenizer_; }
    std::string& chat_template() { return file_.chat_template_; }
    std::string& name() { return file_.name_; }

    /// Adds a file that is part of the model.
    void add_path(std::filesystem::path path) { file_.paths_.push_back(std::move(path)); }
    /// Keeps a mapping alive; the bytes stay where they are.
    ByteView keep(MappedFile mapping);
    /// Errors: malformed (the name is taken).
    Result<void> add_tensor(std::string canonical_name, const tensor::TensorView& view);
    void mark_transposed(std::string canonical_name) { file_.transposed_.push_back(std::move(canonical_name)); }
    void remove_tensor(std::string_view canonical_name);
    const tensor::TensorView* find(std::string_view canonical_name) const { return file_.find(canonical_name); }

    /// Checks the configuration and the texts. Errors: malformed.
    Result<std::shared_ptr<const ModelFile>> finish() &&;

private:
    ModelFile file_;
};

} // namespace assay::formats
