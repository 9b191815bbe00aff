#include "phatgoose/settings/run_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "phatgoose/base/error.h"
#include "phatgoose/settings/commands.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {

namespace {

constexpr const char* kRunFile = "run.json";
constexpr const char* kFact = "rows";  // what is said of a run and not compared

/// What of a record is compared, with the defaults of the options that there were not when it was written.
Json compared(Json record) {
  for (const Command& command : all_commands()) {
    if (record.value("command", "") != command.options.command()) continue;
    const Json defaults = command.options.values();
    for (const Option& option : command.options.options()) {
      if (option.changeable) {
        record.erase(option.name);
      } else if (!record.contains(option.name)) {
        record[option.name] = defaults.at(option.name);
      }
    }
  }
  record.erase(kFact);
  return record;
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
  refuse_usage("--" + name,
               shown ? fmt::format("the run in {} began {}, and cannot continue {}", run.string(),
                                   with_setting(name, had), with_setting(name, value))
                     : fmt::format("not what the run in {} began with", run.string()),
               "", "repeat the first command, or choose another --out");
}

}  // namespace

Json run_record(const OptionSet& options, const std::map<std::string, Json>& contents) {
  Json record = {{"command", options.command()}};
  const Json values = options.values();
  for (const Option& option : options.options()) {
    if (option.changeable) continue;
    const auto content = contents.find(option.name);
    record[option.name] = content != contents.end() ? content->second : values.at(option.name);
  }
  return record;
}

Json file_hashes(const std::vector<std::string>& paths) {
  Json hashes = Json::array();
  for (const std::string& path : paths) hashes.push_back(content_hash_of_file(path));
  return hashes;
}

bool run_has_begun(const fs::path& run) { return fs::exists(run / kRunFile); }

std::optional<std::string> first_difference(const Json& before, const Json& record) {
  const Json settings = compared(before);
  for (const auto& [name, value] : record.items()) {
    if (settings.value(name, Json()) != value) return name;
  }
  for (const auto& [name, value] : settings.items()) {
    if (!record.contains(name)) return name;
  }
  return std::nullopt;
}

void check_same_record(const fs::path& run, const Json& record) {
  const fs::path file = run / kRunFile;
  const Json written = read_json(file);
  const auto command = in(file, [&] { return json_get<std::string>(written, "command"); });
  if (command != record.at("command")) {
    refuse_usage("--out", fmt::format("{} has a run of {}", run.string(), command),
                 "a new or empty directory, or a run of the same command");
  }
  const auto name = first_difference(written, record);
  if (!name) return;
  if (record.contains(*name)) refuse_setting(run, *name, compared(written).value(*name, Json()), record.at(*name));
  refuse_usage(file, fmt::format("the setting \"{}\", which {} does not have", *name, command), "",
               "continue the run with the version of phatgoose that began it, or choose another --out");
}

void check_run(const fs::path& out, const fs::path& run, const Json& record) {
  if (run_has_begun(run)) return check_same_record(run, record);
  if (!fs::exists(out)) return;
  if (!fs::is_directory(out) || !is_empty_but_for_lock(out)) {
    refuse_usage("--out", contents_of(out), "a new or empty directory, or a run of the same command");
  }
}

bool is_same_record(const fs::path& run, const Json& record) {
  return !first_difference(read_json(run / kRunFile), record);
}

void begin_run(const fs::path& run, const Json& record, const Json& facts) {
  make_directories(run);
  if (run_has_begun(run)) return check_same_record(run, record);
  Json contents = record;
  contents.update(facts);
  write_file(run / kRunFile, contents.dump(2) + "\n");
}

}  // namespace phatgoose
