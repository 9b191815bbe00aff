// Answers that have arrived while others are still missing: what a run that was stopped need not ask for again.
#pragma once

#include <map>
#include <string>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// A file of JSON Lines, {"key": KEY, "text": TEXT}, that grows with every answer.
class ResponseCache {
 public:
  /// Reads what is there. A last line that was cut is taken off; any other that is no answer: bad_data.
  explicit ResponseCache(fs::path path);

  /// Null where there is none.
  const std::string* find(const std::string& key) const;
  /// Appends the answer at once, so that it is there whatever becomes of the process.
  void put(const std::string& key, const std::string& text);

 private:
  fs::path path_;
  std::map<std::string, std::string> texts_;  // by key
};

}  // namespace phatgoose
