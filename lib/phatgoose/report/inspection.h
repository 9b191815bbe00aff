// What is in a directory that phatgoose reads or writes.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/report/row_check.h"

namespace phatgoose {

/// Recognises base models, experts (any PEFT LoRA directory included), modular adapters (those of PEFT's Poly
/// included), task-level mixtures, routed models, task vectors, results, comparisons and unfinished runs, and describes
/// them as an object with "kind", "path" and what the kind has to say. A folder of such directories, itself none of
/// them, is of kind "folder" and has an entry for each under "directories". Tensor data are not read, apart from the
/// sample that a base's fingerprint takes, the routing logits of modular adapters, the routes of mixtures, and task
/// vectors. `verify` compares the hashes in the manifest with the files, and for a routed model with those of its
/// experts. Nothing known there, or anything damaged: bad_data.
Json inspect_directory(const fs::path& directory, bool verify);

/// One directory as above, or a file of rows (row_check.h); several as an object of kind "directories" with one entry
/// for each. Usage error for `verify` of a file, and for the model of `rows` where there is no file. With `similarity`
/// also "similarity", how alike the experts are (report/similarity.h), which reads all their data: usage error unless
/// it is one routed model, several experts, or a folder of them.
Json inspect_directories(const std::vector<fs::path>& paths, bool verify, bool similarity, const RowCheck& rows = {});

/// The same for people: lines of "name  value", and tables.
std::string inspection_text(const Json& inspection);

}  // namespace phatgoose
