// description.json of an expert: the text that says what it is for, and where that comes from (METHODS 5).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

constexpr const char* kDescriptionFile = "description.json";
constexpr const char* kDescriptionEmbeddingFile = "description.safetensors";  ///< a StoredEmbeddings of one row

struct ExpertDescription {
  std::string text;                        ///< not empty
  std::string source;                      ///< "model", "given" or "rule"
  std::string prompt = {};                 ///< what the model was asked
  std::vector<std::string> examples = {};  ///< the inputs that were shown, as shown
  std::string model = {};                  ///< name of the model
  Json settings = Json::object();
  Json made_from = Json::object();  ///< hashes of what it was made from
};

/// None where the expert's directory has no such file; one that is not as described, or has other keys: bad_data.
std::optional<ExpertDescription> read_description(const fs::path& expert);
/// Appears complete or not at all. What is empty is left out.
void write_description(const fs::path& expert, const ExpertDescription& description);

}  // namespace phatgoose
