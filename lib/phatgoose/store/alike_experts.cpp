// Whether the factors of several experts have a mean.
#include <fmt/format.h>

#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/store/expert_directory.h"

namespace phatgoose {
namespace {

[[noreturn]] void refuse_pair(const ExpertDirectory& first, const ExpertDirectory& second, const std::string& found,
                              const std::string& expected) {
  refuse(fmt::format("{} and {}", first.path().string(), second.path().string()), found,
         expected + ", so that the factors can be averaged",
         "--router merged-product and --merge product merge experts that differ");
}

/// Two experts of which the first adapts a linear that the second lacks.
void check_adapts_all_of(const ExpertDirectory& first, const ExpertDirectory& second) {
  for (const auto& [path, lora] : first.loras()) {
    if (second.loras().contains(path)) continue;
    refuse_pair(first, second, fmt::format("only {} adapts {}", first.name(), path), "the same adapted linears");
  }
}

void check_equal(const ExpertDirectory& first, const ExpertDirectory& second) {
  check_adapts_all_of(first, second);
  check_adapts_all_of(second, first);
  for (const auto& [path, lora] : first.loras()) {
    const LoraEntry& other = second.loras().at(path);
    if (lora.rank != other.rank) {
      refuse_pair(first, second, fmt::format("ranks {} and {} at {}", lora.rank, other.rank, path), "equal ranks");
    }
    if (std::abs(lora.scale - other.scale) > 1e-9 * std::abs(lora.scale)) {
      refuse_pair(first, second, fmt::format("scales {:g} and {:g} at {}", lora.scale, other.scale, path),
                  "equal scales");
    }
  }
}

}  // namespace

void check_alike(std::span<const ExpertDirectory> experts) {
  for (std::size_t i = 1; i < experts.size(); ++i) check_equal(experts.front(), experts[i]);
}

}  // namespace phatgoose
