// A PyTorch checkpoint in the zip format of torch.save (PyTorch 1.6 and later): a pickled state dictionary, and one
// uncompressed entry for each storage.
#pragma once

#include <map>
#include <string>

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

/// Maps the file and reads its state dictionary without executing anything. The older format, pickles that hold more
/// than tensors, and tensors that are not contiguous are bad_data, with how to convert the file.
class TorchZipFile : public TensorArchive {
 public:
  explicit TorchZipFile(const fs::path& path);

  const std::map<std::string, TensorView>& tensors() const override { return tensors_; }
  std::string where(const std::string& name) const override;
  void release(const std::string& name) const override;

 private:
  void read_tensors();

  MappedFile file_;
  std::map<std::string, TensorView> tensors_;
};

}  // namespace phatgoose
