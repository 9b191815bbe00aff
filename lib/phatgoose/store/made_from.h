// What a file that a router reads of an expert says of its making, in its metadata: the adapter, the data and the
// settings that it was computed from, and the hash of its tensors, as no manifest lists it.
#pragma once

#include <string>

#include "phatgoose/base/json.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {

/// The key of it in a file's metadata.
constexpr const char* kMadeFromKey = "made_from";

/// The key of the hash of all tensors.
constexpr const char* kHashKey = "hash";

/// Hash over names, dtypes, shapes and all data.
std::string tensor_hash(const std::map<std::string, TensorView>& tensors);

/// Whether the file was made from this and is undamaged. One that is missing or cannot be read is not.
bool is_made_from(const fs::path& file, const Json& wanted);

/// Where the file says which adapter it was made from, that must be the one of hash `adapter`: bad_data otherwise, with
/// the command that makes it again.
void check_made_from_adapter(const fs::path& file, const std::string& adapter, const std::string& remedy);

}  // namespace phatgoose
