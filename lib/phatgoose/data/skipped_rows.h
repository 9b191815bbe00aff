// Lines of a data file that are no rows, where a user wants them left out: counted, and the first of them named.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phatgoose {

/// A line that is no row, and why.
struct BadRow {
  std::int64_t line = 0;  ///< 1-based
  std::string message;    ///< one printable line: "column 12: invalid JSON: ...", "no \"target\"; expected a string"
};

class SkippedRows {
 public:
  void add(const BadRow& row);

  std::int64_t count() const { return count_; }

  /// A warning, where there are any: how many rows of the file `where` were skipped, and what is wrong with the first.
  void warn(const std::string& where) const;

 private:
  std::int64_t count_ = 0;
  std::vector<BadRow> first_;  ///< a few
};

}  // namespace phatgoose
