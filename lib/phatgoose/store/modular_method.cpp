#include "phatgoose/store/modular_method.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

// Indexed by ModularMethod.
constexpr std::array<const char*, 5> kMethodNames = {"tlora", "poly", "mhr", "tensorpoly-1", "tensorpoly-2"};

constexpr std::int64_t kMostOfEach = 1 << 20;

/// base^exponent, or `most` where that is more.
std::int64_t capped_power(std::int64_t base, std::int64_t exponent, std::int64_t most) {
  std::int64_t power = 1;
  for (std::int64_t i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(power, base, &power) || power > most) return most;
  }
  return power;
}

}  // namespace

const char* name_of(ModularMethod method) { return kMethodNames.at(static_cast<std::size_t>(method)); }

std::optional<ModularMethod> modular_method_named(std::string_view name) {
  const auto* found = std::ranges::find(kMethodNames, name);
  if (found == kMethodNames.end()) return std::nullopt;
  return static_cast<ModularMethod>(found - kMethodNames.begin());
}

const std::vector<std::string>& modular_method_names() {
  static const std::vector<std::string> names(kMethodNames.begin(), kMethodNames.end());
  return names;
}

bool has_leaves(ModularMethod method) { return method != ModularMethod::poly && method != ModularMethod::mhr; }

bool has_routing(ModularMethod method) { return method != ModularMethod::tlora; }

void ModularShape::check() const {
  const auto check_size = [](const std::string& what, std::int64_t size) {
    if (size < 1 || size > kMostOfEach) refuse_here(what + " " + std::to_string(size), "1 to 2^20");
  };
  check_size("rank", rank);
  check_size("skills", skills);
  check_size("splits", splits);
  const std::string of = std::string(" of ") + name_of(method);
  if ((splits > 1) != (method == ModularMethod::mhr)) {
    refuse_here("splits " + std::to_string(splits) + of, method == ModularMethod::mhr ? "2 or more" : "1");
  }
  const bool fits = has_leaves(method) ? order == 2 || order == 4 : order == 1;
  if (!fits) refuse_here("order " + std::to_string(order) + of, has_leaves(method) ? "2 or 4" : "1");
}

std::int64_t ModularShape::leaf_size(std::int64_t size) const {
  const auto reaches = [&](std::int64_t leaf) { return capped_power(leaf, order, size) >= size; };
  auto leaf = std::llround(std::pow(static_cast<double>(size), 1.0 / static_cast<double>(order)));
  leaf = std::max<std::int64_t>(leaf, 1);
  while (!reaches(leaf)) ++leaf;
  while (leaf > 1 && reaches(leaf - 1)) --leaf;
  return leaf;
}

Shape ModularShape::a_shape(std::int64_t in) const {
  if (has_leaves(method)) return {order, skills, rank, leaf_size(in)};
  return {splits, skills, in / splits, rank};
}

Shape ModularShape::b_shape(std::int64_t out) const {
  if (has_leaves(method)) return {order, skills, rank, leaf_size(out)};
  return {splits, skills, rank, out / splits};
}

std::int64_t ModularShape::mixtures() const {
  switch (method) {
    case ModularMethod::tlora:
      return 0;
    case ModularMethod::mhr:
      return splits;
    case ModularMethod::tensorpoly_2:
      return order;
    default:
      return 1;
  }
}

}  // namespace phatgoose
