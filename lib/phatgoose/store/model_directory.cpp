#include "phatgoose/store/model_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

/// Whether a path that is not there has the form of a name on the hub: "google/t5-v1_1-small".
bool looks_like_hub_name(const std::string& path) {
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '/'; };
  return std::all_of(path.begin(), path.end(), is_plain) && std::count(path.begin(), path.end(), '/') == 1 &&
         std::isalnum(static_cast<unsigned char>(path.front())) && path.back() != '/' &&
         !fs::exists(fs::path(path).parent_path());
}

/// How to get a model from the hub: the one of this name, or an example.
std::string how_to_download(const std::string& path) {
  const std::string name = looks_like_hub_name(path) ? path : "google/t5-v1_1-small";
  const std::string target = name.substr(name.find('/') + 1);
  return fmt::format("to get one from the Hugging Face hub: hf download {} --local-dir {}", name, target);
}

}  // namespace

void check_base_directory(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory, error)) {
    refuse(directory.string(), "no such directory", "a base model: config.json, weights, spiece.model",
           how_to_download(directory.string()));
  }
  if (is_file(directory / "config.json") || !is_file(directory / "adapter_config.json")) return;
  refuse(directory.string(), "an adapter (adapter_config.json)", "a base model: config.json and its weights",
         "an expert is given as --expert, its base as --model");
}

}  // namespace phatgoose
