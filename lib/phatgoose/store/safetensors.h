// The safetensors format: 8 bytes of header length, a JSON header, then the data.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

/// Maps and validates one file, refusing whatever the reference reader refuses (overlapping or missing ranges, unknown
/// dtypes, sizes that do not match, a header over 100 MB, invalid UTF-8 or JSON, duplicate names): bad_data.
class SafetensorsFile : public MappedArchive {
 public:
  explicit SafetensorsFile(const fs::path& path);

  /// The header's "__metadata__".
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  void read_header();

  std::map<std::string, std::string> metadata_;
};

/// One tensor to write. `bytes` must stay valid until write_safetensors returns.
struct NamedTensor {
  std::string name;
  TensorView view;
};

/// A tensor whose elements lie one after the other at `data`.
NamedTensor named_tensor(std::string name, DType dtype, Shape shape, const void* data);

/// Writes atomically, tensors in the reference writer's order (by falling alignment, then by name), so that the same
/// content gives the same bytes.
void write_safetensors(const fs::path& path, std::vector<NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace phatgoose
