#include "phatgoose/store/stored_embeddings.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/store/finite.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/tensor_hash.h"

namespace phatgoose {
namespace {

constexpr const char* kTensor = "embeddings";
constexpr double kLengthTolerance = 1e-4;  // fp32 rounding leaves about 1e-7

[[noreturn]] void refuse_embeddings(const std::string& where, const std::string& found, const std::string& expected) {
  refuse(where, found, expected,
         command_that_makes(router_kind("retrieval", where), /*base=*/{}, fs::path(where).parent_path()));
}

/// The router compares products, which are cosines of rows of length 1 only.
void check_lengths(const TensorView& embeddings, const std::string& where) {
  const std::vector<float> values = float_values(embeddings);
  const std::int64_t size = embeddings.shape[1];
  for (std::int64_t row = 0; row < embeddings.shape[0]; ++row) {
    const auto begin = values.begin() + row * size;
    const double length = std::sqrt(std::inner_product(begin, begin + size, begin, 0.0));
    if (std::abs(length - 1.0) <= kLengthTolerance) continue;
    refuse_embeddings(where, fmt::format("row {} of length {:.6g}", row, length), "rows of length 1");
  }
}

std::string member(const SafetensorsFile& file, const fs::path& path, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end())
    refuse_embeddings(path.string(), "no \"" + key + "\" in its metadata", "embeddings");
  return found->second;
}

}  // namespace

StoredEmbeddings read_embeddings(const fs::path& path) {
  const auto file = std::make_shared<SafetensorsFile>(path);
  if (!file->contains(kTensor) || file->tensors().size() != 1) {
    refuse_embeddings(path.string(), "other tensors", std::string("one tensor called ") + kTensor);
  }
  const TensorView& view = file->at(kTensor);
  const bool matrix = view.shape.size() == 2 && view.shape[0] > 0 && view.shape[1] > 0;
  if (!matrix || view.dtype != DType::f32) {
    refuse_embeddings(file->where(kTensor), std::string(name_of(view.dtype)) + " " + to_string(view.shape),
                      "F32 [examples, size]");
  }
  if (!all_finite(view)) refuse_embeddings(file->where(kTensor), "NaN or infinite values", "finite numbers");
  check_lengths(view, file->where(kTensor));
  return {view, member(*file, path, "encoder"), member(*file, path, "encoder_fingerprint"), file};
}

void write_embeddings(const fs::path& path, const TensorView& embeddings, const std::string& encoder_name,
                      const std::string& encoder_fingerprint, const std::string& provenance) {
  write_safetensors(path, {{kTensor, embeddings}},
                    {{"encoder", encoder_name},
                     {"encoder_fingerprint", encoder_fingerprint},
                     {"made_from", provenance},
                     {kHashKey, tensor_hash({{kTensor, embeddings}})}});
}

}  // namespace phatgoose
