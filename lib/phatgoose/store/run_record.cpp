#include "phatgoose/store/run_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "phatgoose/base/error.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {

namespace {

constexpr const char* kRunFile = "run.json";
constexpr std::array<std::string_view, 10> kFreeSettings = {
    "allow-partial",  "device", "encoder-cache", "keep-checkpoints", "log",
    "max-line-bytes", "out",    "retrain",       "save-every",       "threads"};

/// Whether the product does not depend on the setting. The size of passes changes what is trained, by rounding.
bool is_free(const std::string& name, const std::string& command) {
  return std::ranges::find(kFreeSettings, name) != kFreeSettings.end() || (name == "pass-tokens" && command == "eval");
}

/// A process that was killed before its run began leaves its lock.
bool is_empty_but_for_lock(const fs::path& directory) {
  return std::ranges::all_of(fs::directory_iterator(directory),
                             [](const fs::directory_entry& entry) { return entry.path().filename() == kRunLockFile; });
}

std::string with_setting(const std::string& name, const Json& value) {
  if (value.is_null()) return "without --" + name;
  return fmt::format("with --{} {}", name, value.is_string() ? value.get<std::string>() : value.dump());
}

/// Lists and objects are hashes of files, which say nothing to a reader.
[[noreturn]] void refuse_setting(const fs::path& run, const std::string& name, const Json& had, const Json& value) {
  const bool shown = !had.is_structured() && !value.is_structured();
  fail(ExitCode::usage, {.where = "--" + name,
                         .found = shown ? fmt::format("the run in {} began {}, and cannot continue {}", run.string(),
                                                      with_setting(name, had), with_setting(name, value))
                                        : fmt::format("not what the run in {} began with", run.string()),
                         .hint = "repeat the first command, or choose another --out"});
}

}  // namespace

Json run_record(const OptionSet& options, const std::map<std::string, Json>& contents) {
  Json record = {{"command", options.command()}};
  const Json values = options.values();
  for (const auto& [name, value] : values.items()) {
    if (is_free(name, options.command())) continue;
    const auto content = contents.find(name);
    record[name] = content != contents.end() ? content->second : value;
  }
  return record;
}

Json file_hashes(const std::vector<std::string>& paths) {
  Json hashes = Json::array();
  for (const std::string& path : paths) hashes.push_back(content_hash_of_file(path));
  return hashes;
}

bool run_has_begun(const fs::path& run) { return fs::exists(run / kRunFile); }

void check_same_record(const fs::path& run, const Json& record) {
  const std::string where = (run / kRunFile).string();
  const Json before = read_json(where);
  if (const auto command = json_get<std::string>(before, "command", where); command != record.at("command")) {
    fail(ExitCode::usage, {.where = "--out",
                           .found = fmt::format("{} has a run of {}", run.string(), command),
                           .expected = "a new or empty directory, or a run of the same command"});
  }
  for (const auto& [name, value] : record.items()) {
    const Json had = before.value(name, Json(nullptr));
    if (had != value) refuse_setting(run, name, had, value);
  }
}

void check_run(const fs::path& out, const fs::path& run, const Json& record) {
  if (run_has_begun(run)) return check_same_record(run, record);
  if (!fs::exists(out)) return;
  if (!fs::is_directory(out) || !is_empty_but_for_lock(out)) {
    fail(ExitCode::usage, {.where = "--out",
                           .found = contents_of(out),
                           .expected = "a new or empty directory, or a run of the same command"});
  }
}

bool is_same_record(const fs::path& run, const Json& record) {
  const Json before = read_json((run / kRunFile).string());
  const auto entries = record.items();
  return std::all_of(entries.begin(), entries.end(), [&](const auto& entry) {
    return before.contains(entry.key()) && before.at(entry.key()).dump() == entry.value().dump();
  });
}

void begin_run(const fs::path& run, const Json& record, const Json& facts) {
  make_directories(run);
  if (run_has_begun(run)) return check_same_record(run, record);
  Json contents = record;
  contents.update(facts);
  write_file(run / kRunFile, contents.dump(2) + "\n");
}

}  // namespace phatgoose
