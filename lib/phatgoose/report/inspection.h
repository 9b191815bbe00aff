// What is in a directory that phatgoose reads or writes.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

/// Recognises base models, experts (any PEFT LoRA directory included), routed models, results, and unfinished runs, and
/// describes them as an object with "kind", "path" and what the kind has to say. Tensor data are not read, apart from
/// the sample that a base's fingerprint takes. `verify` compares the hashes in the manifest with the files, and for a
/// routed model with those of its experts. Nothing known there, or anything damaged: bad_data.
Json inspect_directory(const fs::path& directory, bool verify);

/// One directory as above; several as an object of kind "directories" with one entry for each. With `similarity` also
/// "similarity", how alike the experts are (report/similarity.h), which reads all their data: usage error unless it is
/// one routed model, or several experts.
Json inspect_directories(const std::vector<fs::path>& directories, bool verify, bool similarity);

/// The same for people: lines of "name  value", and tables.
std::string inspection_text(const Json& inspection);

}  // namespace phatgoose
