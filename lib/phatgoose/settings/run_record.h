// What a run was started with. The same command continues or confirms a run; any other settings are refused. A run that
// was begun before there was some option had the option's default.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/base/options.h"

namespace phatgoose {

/// The command and everything that its result depends on, by option name: the values of `options`, with what the files
/// named by an option hold (`contents`: hashes) instead of where they lie. Left out: options that may change
/// (Option::changeable).
Json run_record(const OptionSet& options, const std::map<std::string, Json>& contents);

/// Content hashes of files, in order; a missing file is bad_data.
Json file_hashes(const std::vector<std::string>& paths);

/// Usage error unless the product directory `out` is missing, empty, or was begun with the same record. `run` is the
/// directory with the run's files: `out` or a folder in it.
void check_run(const fs::path& out, const fs::path& run, const Json& record);
bool run_has_begun(const fs::path& run);
/// Usage error that names the first setting in which the run was begun differently, or one that this program does not
/// know.
void check_same_record(const fs::path& run, const Json& record);

/// The first setting in which `record` differs from another of the same command that was written `before`, perhaps by a
/// program with other options.
std::optional<std::string> first_difference(const Json& before, const Json& record);

/// Whether the run was begun with this record.
bool is_same_record(const fs::path& run, const Json& record);

/// Makes the directory `run` and writes `run`/run.json, where it is not there yet: the record, and `facts` that are not
/// compared ("rows").
void begin_run(const fs::path& run, const Json& record, const Json& facts = Json::object());

}  // namespace phatgoose
