#include "phatgoose/store/stored_embeddings.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/made_from.h"

namespace phatgoose {
namespace {

constexpr const char* kTensor = "embeddings";
constexpr double kLengthTolerance = 1e-4;  // fp32 rounding leaves about 1e-7

/// The router compares products, which are cosines of rows of length 1 only.
void check_lengths(const TensorView& embeddings, const std::string& where, const std::string& remedy) {
  const std::vector<float> values = float_values(embeddings);
  const std::int64_t size = embeddings.shape[1];
  for (std::int64_t row = 0; row < embeddings.shape[0]; ++row) {
    const auto begin = values.begin() + row * size;
    const double length = std::sqrt(std::inner_product(begin, begin + size, begin, 0.0));
    if (std::abs(length - 1.0) <= kLengthTolerance) continue;
    refuse(where, fmt::format("row {} of length {:.6g}", row, length), "rows of length 1", remedy);
  }
}

std::string member(const SafetensorsFile& file, const fs::path& path, const std::string& key,
                   const std::string& remedy) {
  const auto found = file.metadata().find(key);
  if (found != file.metadata().end()) return found->second;
  refuse(path.string(), "no \"" + key + "\" in its metadata", "embeddings", remedy);
}

}  // namespace

StoredEmbeddings read_embeddings(const fs::path& path, const std::string& remedy) {
  const auto file = std::make_shared<SafetensorsFile>(path);
  if (!file->contains(kTensor) || file->tensors().size() != 1) {
    refuse(path.string(), "other tensors", std::string("one tensor called ") + kTensor, remedy);
  }
  const TensorView& view = file->at(kTensor);
  const std::string where = file->where(kTensor);
  const bool matrix = view.shape.size() == 2 && view.shape[0] > 0 && view.shape[1] > 0;
  if (!matrix || view.dtype != DType::f32) {
    refuse(where, std::string(name_of(view.dtype)) + " " + to_string(view.shape), "F32 [examples, size]", remedy);
  }
  if (!all_finite(view)) refuse(where, "NaN or infinite values", "finite numbers", remedy);
  check_lengths(view, where, remedy);
  return {view, member(*file, path, "encoder", remedy), member(*file, path, "encoder_fingerprint", remedy), file};
}

void write_embeddings(const fs::path& path, const TensorView& embeddings, const std::string& encoder_name,
                      const std::string& encoder_fingerprint, const std::string& provenance) {
  write_safetensors(path, {{kTensor, embeddings}},
                    {{"encoder", encoder_name},
                     {"encoder_fingerprint", encoder_fingerprint},
                     {kMadeFromKey, provenance},
                     {kHashKey, tensor_hash({{kTensor, embeddings}})}});
}

}  // namespace phatgoose
