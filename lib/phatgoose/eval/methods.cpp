#include "phatgoose/eval/methods.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/settings/method_file.h"
#include "phatgoose/settings/named_directories.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/expert_name.h"
#include "phatgoose/store/routed_model_directory.h"

namespace phatgoose {
namespace {

/// `settings` for one method only.
EvalMethod alone(const EvalSettings& settings, std::string name) {
  EvalSettings one = settings;
  one.base = false;
  one.json = false;
  one.experts.clear();
  one.library.reset();
  one.routed.clear();
  one.methods.reset();
  one.compare_to.reset();
  one.exclude_own = false;
  one.routing = {};
  return {std::move(name), std::move(one)};
}

std::string directory_name(const fs::path& directory) {
  const fs::path path = fs::absolute(directory).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

/// Of several methods each has a directory of its name; what an expert is called comes from its manifest.
void check_directories(const std::vector<EvalMethod>& methods) {
  for (const EvalMethod& method : methods) {
    if (method.settings.experts.empty() || is_expert_name(method.name)) continue;
    fail(ExitCode::bad_data, {.where = method.settings.experts.front(),
                              .found = "an expert called \"" + method.name + "\"",
                              .expected = kExpertNameRule});
  }
}

void check_names(const std::vector<EvalMethod>& methods, const std::optional<std::string>& compare_to) {
  std::set<std::string> names;
  for (const EvalMethod& method : methods) {
    if (names.insert(method.name).second) continue;
    fail(ExitCode::usage, {.where = "--base, --expert, --routed, --methods",
                           .found = "two methods called " + method.name,
                           .expected = "names that differ",
                           .hint = "give one of them another name: NAME=DIR"});
  }
  if (!compare_to) return;
  if (methods.size() == 1) {
    fail(ExitCode::usage, {.where = "--compare-to",
                           .found = "only one method, " + methods.front().name,
                           .expected = "several methods to compare"});
  }
  if (names.contains(*compare_to)) return;
  fail(ExitCode::usage, {.where = "--compare-to",
                         .found = "\"" + *compare_to + "\"",
                         .expected = "the name of an evaluated method",
                         .hint = did_you_mean(*compare_to, {names.begin(), names.end()})});
}

/// The methods of the options --base, --expert and --routed.
std::vector<EvalMethod> command_line_methods(const EvalSettings& settings) {
  std::vector<EvalMethod> methods;
  const bool nothing = settings.experts.empty() && !settings.library && settings.routed.empty() && !settings.methods;
  if (settings.base || nothing) methods.push_back(alone(settings, "base"));
  for (const NamedDirectory& expert : all_experts(settings.experts, settings.library)) {
    methods.push_back(alone(settings, ExpertDirectory::open(expert, /*check_values=*/false).name()));
    methods.back().settings.experts = {expert.path.string()};
  }
  for (const NamedDirectory& routed : named_directories(settings.routed, "--routed")) {
    methods.push_back(alone(settings, routed.name.empty() ? directory_name(routed.path) : routed.name));
    methods.back().settings.routed = {routed.path.string()};
    methods.back().settings.exclude_own = settings.exclude_own;
    methods.back().settings.routing = settings.routing;
    methods.back().settings.routing.enabled = split_at_commas(settings.routing.enabled);
  }
  return methods;
}

EvalMethod method_of(const MethodEntry& entry, const EvalSettings& settings) {
  EvalMethod method = alone(settings, entry.name);
  if (entry.expert) method.settings.experts = {*entry.expert};
  if (entry.routed) method.settings.routed = {*entry.routed};
  method.source = entry.source;
  method.settings.exclude_own = entry.exclude_own;
  method.settings.routing = entry.routing;
  if (!entry.tasks.empty()) method.settings.tasks = entry.tasks;
  return method;
}

/// A sentence encoder is for routers that compare whole inputs: an entry of a methods file that names one must have
/// such a router, and of the routed models on the command line one at least.
void check_encoders(const std::vector<EvalMethod>& methods) {
  const auto known = router_names(&RouterKind::scores_inputs);
  bool given = false, used = false;
  for (const EvalMethod& method : methods) {
    if (!method.settings.routing.encoder) continue;
    const bool compares = method.router->scores_inputs();
    if (!method.source.empty() && !compares) {
      fail(ExitCode::bad_data,
           {.where = method.source,
            .found = "an encoder for " + method.settings.routed.front() + ", whose router is " + method.router->name,
            .expected = fmt::format("a router that compares inputs: {}", fmt::join(known, ", "))});
    }
    if (!method.source.empty()) continue;
    given = true;
    used = used || compares;
  }
  if (!given || used) return;
  fail(ExitCode::usage, {.where = "--encoder",
                         .found = "no --routed whose router compares inputs",
                         .expected = fmt::format("a routed model with the router {}", fmt::join(known, " or "))});
}

/// A labelled token whose expert is excluded could not be routed.
void check_exclusion(const EvalMethod& method) {
  if (!method.settings.exclude_own || !method.uses_labels()) return;
  fail(ExitCode::usage, {.where = "--exclude-own",
                         .found = fmt::format("exclude-own for {}, whose router is {}", method.settings.routed.front(),
                                              method.router->name),
                         .expected = "a router that chooses among the other experts"});
}

/// Settings of a methods file that do not fit are bad data at their entry, `source`.
template <typename Work>
void in_source(const std::string& source, Work work) {
  try {
    work();
  } catch (const Error& error) {
    if (source.empty() || error.code() != ExitCode::usage) throw;
    refuse(source, error.what());
  }
}

/// Reads the routed models' manifests. Mistakes are told before anything is computed.
void find_routers(std::vector<EvalMethod>& methods) {
  for (EvalMethod& method : methods) {
    for (const std::string& routed : method.settings.routed) {
      const RoutedModelManifest manifest = read_routed_model(routed);
      method.router = &router_kind(manifest.routing.router, routed);
      in_source(method.source, [&] {
        changed(manifest, method.settings.routing, routed);
        check_exclusion(method);
      });
    }
  }
}

}  // namespace

std::vector<EvalMethod> methods_of(const EvalSettings& settings) {
  if (settings.routed.empty() && (settings.exclude_own || !settings.routing.given().empty())) {
    fail(ExitCode::usage, {.where = "--k, --top-p, --temperature, --enabled, --encoder, --exclude-own",
                           .found = "no --routed",
                           .expected = "a routed model to apply them to",
                           .hint = settings.methods ? "in a methods file, write them next to routed" : ""});
  }
  std::vector<EvalMethod> methods = command_line_methods(settings);
  if (settings.methods) {
    for (const MethodEntry& entry : read_methods(*settings.methods)) methods.push_back(method_of(entry, settings));
  }
  check_names(methods, settings.compare_to);
  find_routers(methods);
  check_encoders(methods);
  if (methods.size() == 1 && !settings.methods) return methods;
  check_directories(methods);
  for (EvalMethod& method : methods) method.settings.out = (fs::path(settings.out) / method.name).string();
  return methods;
}

}  // namespace phatgoose
