#include "phatgoose/train/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <ranges>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {

namespace {

constexpr const char* kTensorFile = "state.safetensors";
constexpr std::string_view kPrefix = "step-";

/// N of "step-N", nothing for any other name.
std::optional<std::int64_t> step_of_name(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (error != std::errc() || stop != end) return std::nullopt;
  return step;
}

void remove_directory(const fs::path& path) {
  // The manifest goes first, so that a removal cut short leaves no checkpoint that looks complete.
  std::error_code error;
  fs::remove(path / "manifest.json", error);
  if (!error) fs::remove_all(path, error);
  if (error) fail(ExitCode::cannot_finish, {.where = path.string(), .found = "cannot remove: " + error.message()});
}

/// Steps of all checkpoint directories, complete or not, ascending.
std::vector<std::int64_t> all_steps(const fs::path& folder) {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (const auto step = step_of_name(entry.path().filename().string())) steps.push_back(*step);
  }
  std::ranges::sort(steps);
  return steps;
}

}  // namespace

std::vector<std::int64_t> CheckpointFolder::steps() const {
  std::vector<std::int64_t> complete;
  for (const std::int64_t step : all_steps(path_)) {
    if (fs::exists(path_of(step) / "manifest.json")) complete.push_back(step);
  }
  return complete;
}

std::optional<Checkpoint> CheckpointFolder::read_newest() const {
  std::map<std::int64_t, std::string> damaged;  // by step: what is wrong
  for (const std::int64_t step : std::views::reverse(steps())) {
    try {
      Checkpoint checkpoint{step, read_state(step)};
      for (const auto& [other, what] : damaged) {
        remove_directory(path_of(other));
        log_warning(fmt::format("the checkpoint of step {} is damaged and was removed: {}", other, what));
      }
      return checkpoint;
    } catch (const Error& error) {
      damaged[step] = error.what();
    }
  }
  if (damaged.empty()) return std::nullopt;
  refuse(path_.string(), fmt::format("no whole checkpoint: {}", damaged.rbegin()->second), {},
         fmt::format("to begin again: rm -r {}, then the same command", path_.string()));
}

void CheckpointFolder::write(std::int64_t step, const Json& state, const NamedTensors& tensors) const {
  const fs::path directory = path_of(step);
  remove_directory(directory);
  make_directories(directory);
  std::vector<at::Tensor> on_cpu;
  std::vector<NamedTensor> named;
  for (const auto& [name, tensor] : tensors) {
    on_cpu.push_back(tensor.detach().to(at::kCPU).contiguous());
    named.push_back(to_named(name, on_cpu.back()));
  }
  write_safetensors(directory / kTensorFile, std::move(named));
  write_manifest(directory, {.kind = kCheckpointKind, .body = state}, {kTensorFile});
}

Json CheckpointFolder::read_state(std::int64_t step) const {
  const std::optional<Manifest> manifest = read_manifest(path_of(step), kCheckpointKind, /*verify_hashes=*/true);
  if (!manifest) refuse(path_of(step).string(), "no manifest.json");
  return manifest->body;
}

void CheckpointFolder::read_tensors(std::int64_t step, const NamedTensors& tensors) const {
  const SafetensorsFile file(path_of(step) / kTensorFile);
  for (const auto& [name, tensor] : tensors) copy_into(tensor, file.at(name, shape_of(tensor)));
}

void CheckpointFolder::prune(std::int64_t keep, std::int64_t every, std::int64_t last) const {
  std::vector<std::int64_t> regular, others;
  const std::vector<std::int64_t> complete = steps();
  for (const std::int64_t step : all_steps(path_)) {
    const bool wanted = (step % every == 0 && step > 0) || step == last;
    (wanted && std::ranges::binary_search(complete, step) ? regular : others).push_back(step);
  }
  const auto kept = std::min<std::size_t>(static_cast<std::size_t>(keep), regular.size());
  others.insert(others.end(), regular.begin(), regular.end() - static_cast<std::ptrdiff_t>(kept));
  for (const std::int64_t step : others) remove_directory(path_of(step));
  if (kept == 0) {
    std::error_code ignored;
    fs::remove(path_, ignored);  // only when empty
  }
}

}  // namespace phatgoose
