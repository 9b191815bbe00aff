// Experts and routed models on the command line: DIR, or NAME=DIR for another name than their own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"
#include "phatgoose/store/named_directory.h"

namespace phatgoose {

/// A path that is there as it stands is a directory, whatever its name looks like; otherwise what precedes the first
/// "=" is a name, unless there is a slash in it. `option` names the option in errors. A name that no expert may have,
/// or no directory after it: usage error.
NamedDirectory named_directory(const std::string& text, const std::string& option);
/// The same for any path, `form` being what is expected: "NAME=DIR".
NamedDirectory named_path(const std::string& text, const std::string& option, const std::string& form);
std::vector<NamedDirectory> named_directories(const std::vector<std::string>& texts, const std::string& option);

/// The options --library, next to --expert, and --allow-partial.
void declare_library(OptionSet& set, std::optional<std::string>& library);
void declare_allow_partial(OptionSet& set, bool& allow_partial);
/// The option --unknown-task, of commands that have --modular.
void declare_unknown_task(OptionSet& set, std::optional<std::string>& unknown_task);
/// The options --route and --vectors, of commands that have --task-moe.
void declare_task_routes(OptionSet& set, std::optional<std::string>& route, std::optional<std::string>& task_vectors);
/// The experts of --expert, then those in the library, by name. An empty library: bad_data.
std::vector<NamedDirectory> all_experts(const std::vector<std::string>& experts,
                                        const std::optional<std::string>& library);
/// The same for a command that needs one: none is a usage error.
std::vector<NamedDirectory> some_experts(const std::vector<std::string>& experts,
                                         const std::optional<std::string>& library);

}  // namespace phatgoose
