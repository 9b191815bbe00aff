// Descriptions of target tasks (METHODS 5): JSON Lines, one text for a task or for a single row of one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

struct Description {
  std::string task;
  std::optional<std::int64_t> row = {};    ///< place in the task's file, as in samples.jsonl; none: of the whole task
  std::string text;                        ///< not empty
  std::string source = {};                 ///< "model", "given" or "rule"; empty where the file does not say
  std::string model = {};                  ///< name of the language model that wrote it
  std::string prompt = {};                 ///< what that was asked
  std::vector<std::string> examples = {};  ///< the inputs that were shown
  std::string made_from = {};              ///< hash of all that the text depends on; empty where it was written by hand
};

class Descriptions {
 public:
  Descriptions() = default;

  /// One object for each line, in any order; blank lines are skipped. Unknown keys, empty texts, and two lines for the
  /// same task or row: bad_data at the line.
  static Descriptions read(const fs::path& path);
  /// One line for each, in the order of all(); appears complete or not at all.
  void write(const fs::path& path) const;

  const std::vector<Description>& all() const { return all_; }
  /// Replaces the description of the same task, or row; another one comes last.
  void put(Description description);
  /// That of the task, or with `row` of this very row; null where there is none.
  const Description* find(const std::string& task, std::optional<std::int64_t> row = {}) const;
  /// The text for a row: its own, otherwise its task's. Neither: bad_data with the command that makes one.
  const std::string& of(const std::string& task, std::int64_t row) const;

 private:
  using Place = std::pair<std::string, std::optional<std::int64_t>>;

  fs::path path_;  // that they were read from, for messages
  std::vector<Description> all_;
  std::map<Place, std::size_t> places_;  // in all_
};

}  // namespace phatgoose
