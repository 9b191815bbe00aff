// Whether tensors are still what was written: for files that no manifest lists.
#pragma once

#include <map>
#include <string>

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

/// The key of the hash in a file's metadata.
constexpr const char* kHashKey = "hash";

/// Hash over names, dtypes, shapes and all data.
std::string tensor_hash(const std::map<std::string, TensorView>& tensors);

}  // namespace phatgoose
