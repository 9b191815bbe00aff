// What files of adapters have in common, whatever their kind: where they lie, and what their tensors must be.
#pragma once

#include <cstddef>
#include <string>

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

/// adapter_model.safetensors of the directory, or PEFT's older adapter_model.bin where only that is there.
fs::path adapter_file_in(const fs::path& directory);

/// The tensor `name` must hold something, have as many dimensions, and be of floating-point numbers, which must be
/// finite if `check_values`: bad_data.
void check_tensor(const TensorArchive& file, const std::string& name, std::size_t dimensions, bool check_values);

/// Refuses a directory without the `file` that makes it `expected`, and says what it may be instead: bad_data.
[[noreturn]] void refuse_without(const std::string& file, const fs::path& directory, const std::string& expected);

}  // namespace phatgoose
