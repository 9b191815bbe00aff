#include "phatgoose/store/router_kinds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/shell.h"

namespace phatgoose {
namespace {

using enum RouterKind::Mixing;

constexpr std::array kKinds{
    RouterKind{"phatgoose", "gate.safetensors", "train-gate", selected},
    RouterKind{"average-activation", "average-activation.safetensors", "prepare --router average-activation", selected},
    RouterKind{"arrow", "arrow.safetensors", "prepare --router arrow", selected},
    RouterKind{"retrieval", "retrieval.safetensors", "prepare --router retrieval", fixed, true},
    RouterKind{"uniform", nullptr, nullptr, fixed, false, true},
    RouterKind{"single", nullptr, nullptr, fixed},
    RouterKind{"token-oracle", nullptr, nullptr, fixed, false, false, true},
    RouterKind{"merged-factors", nullptr, nullptr, merged},
    RouterKind{"merged-product", nullptr, nullptr, merged},
};

}  // namespace

std::span<const RouterKind> router_kinds() { return kKinds; }

std::vector<std::string> router_names() {
  std::vector<std::string> names;
  for (const RouterKind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

std::string command_that_makes(const RouterKind& kind, const std::string& base, const std::filesystem::path& expert) {
  const bool needs_rows = kind.name != std::string_view("arrow");
  return fmt::format("phatgoose {} --model {} --expert {}{}", kind.made_by, base.empty() ? "BASE" : shell_word(base),
                     shell_word(expert.lexically_normal().string()), needs_rows ? " --data TRAIN.jsonl" : "");
}

const RouterKind& router_kind(const std::string& name, const std::string& where) {
  for (const RouterKind& kind : kKinds) {
    if (name == kind.name) return kind;
  }
  fail(ExitCode::bad_data, {.where = where,
                            .found = fmt::format("router \"{}\"", name),
                            .expected = fmt::format("one of {}", fmt::join(router_names(), ", ")),
                            .hint = did_you_mean(name, router_names())});
}

}  // namespace phatgoose
