#include "phatgoose/settings/task_vectors.h"

#include <fmt/format.h>

#include <map>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kLongest = 512;  // tokens of an input, and of a target
constexpr double kMostTokens = 1e6;
constexpr std::int64_t kAdapterSize = 8;

void refuse_unused(bool given, const std::string& option, const std::string& method, const std::string& who) {
  if (given) refuse_usage("--" + option, "given with --method " + method, who, "leave it out");
}

/// Takes over what the other directory says, which an option must not contradict.
template <typename T>
void take(std::optional<T>& option, const T& value, const char* name, const std::string& directory) {
  if (option && *option != value) {
    refuse_usage(fmt::format("--{}", name), fmt::format("{}", *option),
                 fmt::format("{}, as {} was made with", value, directory));
  }
  option = value;
}

}  // namespace

OptionSet TaskVectorsSettings::declare() {
  OptionSet set("task-vectors", "Compute a vector for each task, by which a router of whole tasks tells them apart");
  set.begin_group("Vectors");
  set.add("model", &model, "base model directory").as("DIR").must();
  set.add("data", &data,
          "rows of the tasks: JSON Lines files, plain or .gz; a task is called as its file, or as TASK=FILE says, and "
          "may have several files")
      .as("[TASK=]FILE")
      .must();
  set.add("out", &out, "directory of the vectors").as("DIR").must().may_change();
  set.add("method", &method,
          "what a vector is: text, the mean encoder state of the task's inputs; fisher, the mean squared gradient of "
          "small adapters, reduced by PCA")
      .one_of({kTextVectors, kFisherVectors});
  set.add("encoder", &encoder, "--method text: sentence encoder directory; default: the encoder of the base").as("DIR");
  set.add("like", &like,
          "make the vectors as those of this directory were made: the same method, settings and reduction; --seed then "
          "only draws rows")
      .as("DIR");
  set.add("examples", &examples, "rows of each task, drawn with --seed; default: all").at_least(1);
  set.add("max-input", &max_input, "inputs are cut to so many tokens, EOS kept; default 512").between(2, kMostTokens);
  set.add("max-target", &max_target, "--method fisher: targets are cut to so many tokens, EOS kept; default 512")
      .between(2, kMostTokens);
  set.add("adapter-size", &adapter_size, "--method fisher: width of the adapters; default 8").between(1, 1024);
  reading.declare(set);
  set.begin_group("Machine");
  set.add("pass-tokens", &pass_tokens, "most tokens in one pass; changes speed and memory, results only by rounding")
      .at_least(1);
  common.declare(set);
  return set;
}

std::vector<TaskFile> TaskVectorsSettings::files() const {
  std::vector<TaskFile> files;
  std::map<std::string, std::vector<std::string>> of_tasks;  // which may share files
  for (const std::string& text : data) {
    files.push_back(task_file(text, "--data"));
    of_tasks[files.back().task].push_back(files.back().path);
  }
  for (const auto& [task, paths] : of_tasks) {
    check_distinct_files("--data", paths, "--examples says how many rows of a task are looked at");
  }
  return files;
}

void TaskVectorsSettings::check() const {
  if (!method && !like) refuse_usage("--method", "missing", "text or fisher, or --like DIR");
  if (encoder && max_input) {
    refuse_usage("--max-input", "given with --encoder", "none: the encoder has a length of its own", "leave it out");
  }
  if (method == kFisherVectors) {
    refuse_unused(encoder.has_value(), "encoder", *method, "--method text");
  } else if (method) {
    refuse_unused(max_target.has_value(), "max-target", *method, "--method fisher, which reads targets");
    refuse_unused(adapter_size.has_value(), "adapter-size", *method, "--method fisher, which has adapters");
  }
}

void TaskVectorsSettings::resolve(const std::optional<TaskVectors>& like_vectors) {
  if (!like_vectors) {
    if (!encoder && !max_input) max_input = kLongest;
    if (method != kFisherVectors) return;
    if (!max_target) max_target = kLongest;
    if (!adapter_size) adapter_size = kAdapterSize;
    return;
  }
  const TaskVectorRecipe& recipe = like_vectors->recipe;
  take(method, like_vectors->method, "method", *like);
  check();
  if (encoder.has_value() != recipe.encoder.has_value()) {
    const std::string expected = recipe.encoder ? "the encoder " + recipe.encoder->name : "the base's own encoder";
    refuse_usage("--encoder", encoder ? *encoder : "missing", expected + ", as " + *like + " was made with");
  }
  if (recipe.base) {
    take(max_input, recipe.base->max_input, "max-input", *like);
    take(common.dtype, recipe.base->dtype, "dtype", *like);
  }
  if (recipe.fisher) {
    take(max_target, recipe.fisher->max_target, "max-target", *like);
    take(adapter_size, recipe.fisher->adapter_size, "adapter-size", *like);
  }
}

}  // namespace phatgoose
