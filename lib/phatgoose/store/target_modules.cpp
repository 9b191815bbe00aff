#include "phatgoose/store/target_modules.h"

#include <algorithm>
#include <iterator>

#include "phatgoose/store/smallest_base.h"

namespace phatgoose {
namespace {

/// The linears of the smallest base that has `paths` in both stacks; none where one stack is not adapted.
std::vector<std::string> implied_linears(const std::set<std::string>& paths) {
  const T5Config config = smallest_base(paths);
  std::vector<std::string> linears;
  if (config.num_layers == 0 || config.num_decoder_layers == 0) return linears;
  for (const LinearSpec& linear : adapted_linears(config)) linears.push_back(linear.path);
  return linears;
}

}  // namespace

std::set<std::string> target_modules(const std::set<std::string>& paths, const std::vector<std::string>& base_linears) {
  std::set<std::string> names;
  for (const std::string& path : paths) names.insert(last_name(path));
  const auto are_all_of = [&](const std::vector<std::string>& linears) {
    std::set<std::string> meant;
    std::ranges::copy_if(linears, std::inserter(meant, meant.end()),
                         [&](const std::string& linear) { return names.contains(last_name(linear)); });
    return meant == paths;
  };
  const bool all = are_all_of(implied_linears(paths)) && (base_linears.empty() || are_all_of(base_linears));
  return all ? names : paths;
}

}  // namespace phatgoose
