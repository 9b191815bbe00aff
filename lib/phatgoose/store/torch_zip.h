// A PyTorch checkpoint in the zip format of torch.save (PyTorch 1.6 and later): a pickled state dictionary, and one
// uncompressed entry for each storage.
#pragma once

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

/// Maps the file and reads its state dictionary without executing anything. The older format, pickles that hold more
/// than tensors, and tensors that are not contiguous are bad_data, with how to convert the file.
class TorchZipFile : public MappedArchive {
 public:
  explicit TorchZipFile(const fs::path& path);

 private:
  void read_tensors();
};

}  // namespace phatgoose
