#include "phatgoose/store/adapter_files.h"

#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/peft_settings.h"

namespace phatgoose {
namespace {

constexpr const char* kOldAdapterFile = "adapter_model.bin";

std::string with_article(std::size_t dimensions) {
  if (dimensions == 1) return "a vector";
  return dimensions == 2 ? "a matrix" : std::to_string(dimensions) + " dimensions";
}

}  // namespace

fs::path adapter_file_in(const fs::path& directory) {
  const bool old_file = !is_file(directory / kPeftAdapterFile) && is_file(directory / kOldAdapterFile);
  return directory / (old_file ? kOldAdapterFile : kPeftAdapterFile);
}

void check_tensor(const TensorArchive& file, const std::string& name, std::size_t dimensions, bool check_values) {
  const TensorView& view = file.at(name);
  const std::string expected = with_article(dimensions);
  if (count_of(view.shape) == 0) {
    refuse(file.where(name), "shape " + to_string(view.shape) + ", which is empty", expected,
           "parameters that are sharded over several devices must be gathered before they are saved");
  }
  if (view.shape.size() != dimensions) refuse(file.where(name), "shape " + to_string(view.shape), expected);
  if (!is_floating(view.dtype)) refuse(file.where(name), name_of(view.dtype), "floating-point numbers");
  if (check_values && !all_finite(view)) refuse(file.where(name), "NaN or infinite values", "finite numbers");
}

void refuse_without(const std::string& file, const fs::path& directory, const std::string& expected) {
  std::error_code error;
  const std::string where = directory.string();
  if (!fs::is_directory(directory, error)) {
    refuse(where, fs::exists(directory, error) ? "not a directory" : "no such directory", expected);
  }
  const std::string found = "no " + file;
  if (is_file(directory / "run.json")) {
    refuse(where, found, expected, "it is an unfinished run: the command that began it resumes it");
  }
  if (is_file(directory / "config.json")) refuse(where, found, expected, "it is a model, which belongs to --model");
  std::set<fs::path> inside;  // a run of another trainer, or a library
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (is_file(entry.path() / file)) inside.insert(entry.path());
  }
  refuse(where, found, expected, inside.empty() ? "" : "there is one in " + inside.begin()->string());
}

}  // namespace phatgoose
