#include "phatgoose/store/stored_embeddings.h"

#include "phatgoose/base/error.h"
#include "phatgoose/store/finite.h"

namespace phatgoose {
namespace {

constexpr const char* kTensor = "embeddings";

[[noreturn]] void refuse(const std::string& where, const std::string& found, const std::string& expected) {
  fail(ExitCode::bad_data, {.where = where,
                            .found = found,
                            .expected = expected,
                            .hint = "make it with phatgoose prepare --router retrieval"});
}

std::string member(const SafetensorsFile& file, const fs::path& path, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) refuse(path.string(), "no \"" + key + "\" in its metadata", "embeddings");
  return found->second;
}

}  // namespace

StoredEmbeddings read_embeddings(const fs::path& path) {
  const auto file = std::make_shared<SafetensorsFile>(path);
  if (!file->contains(kTensor) || file->tensors().size() != 1) {
    refuse(path.string(), "other tensors", std::string("one tensor called ") + kTensor);
  }
  const TensorView& view = file->at(kTensor);
  const bool matrix = view.shape.size() == 2 && view.shape[0] > 0 && view.shape[1] > 0;
  if (!matrix || view.dtype != DType::f32) {
    refuse(file->where(kTensor), std::string(name_of(view.dtype)) + " " + to_string(view.shape), "F32 [examples, size]");
  }
  if (!all_finite(view)) refuse(file->where(kTensor), "NaN or infinite values", "finite numbers");
  return {view, member(*file, path, "encoder"), member(*file, path, "encoder_fingerprint"), file};
}

void write_embeddings(const fs::path& path, const TensorView& embeddings, const std::string& encoder_name,
                      const std::string& encoder_fingerprint, const std::string& provenance) {
  write_safetensors(path, {{kTensor, embeddings}},
                    {{"encoder", encoder_name}, {"encoder_fingerprint", encoder_fingerprint}, {"made_from", provenance}});
}

}  // namespace phatgoose
