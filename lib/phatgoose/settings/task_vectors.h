// Settings of `phatgoose task-vectors`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/common.h"
#include "phatgoose/settings/reading.h"
#include "phatgoose/settings/task_files.h"
#include "phatgoose/store/task_vectors_directory.h"

namespace phatgoose {

struct TaskVectorsSettings {
  CommonSettings common;
  std::string model, out;
  std::vector<std::string> data;  ///< FILE or TASK=FILE
  std::optional<std::string> like;
  // The recipe; resolve() fills in what the method has.
  std::optional<std::string> method;   ///< kTextVectors or kFisherVectors
  std::optional<std::string> encoder;  ///< a sentence encoder; none: the base
  std::optional<std::int64_t> max_input, max_target, adapter_size;
  std::optional<std::int64_t> examples;  ///< rows of each task; none: all
  RowReadingSettings reading;
  std::int64_t pass_tokens = 4096;

  OptionSet declare();

  /// The files of --data with their tasks. Usage error for names that no task may have, and for a file that is given
  /// twice.
  std::vector<TaskFile> files() const;
  /// Usage error where options contradict each other or the method has no use for one; before resolve().
  void check() const;
  /// Takes the recipe from the directory `like`, or else fills in the defaults of the method. An option that says
  /// something else than that directory: usage error.
  void resolve(const std::optional<TaskVectors>& like);
};

}  // namespace phatgoose
