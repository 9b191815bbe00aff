// What happens to rows on their way to the model, or keeps them from teaching or telling anything: counted, so that it
// is said.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "phatgoose/base/json.h"

namespace phatgoose {

enum class RowNote {
  cut_input,  ///< the end is gone, where a question may stand
  cut_target,
  empty_input,  ///< no token but EOS
  empty_target,
  single_choice,  ///< is right whatever the model says
  empty_choice,
  repeated_choice,      ///< the same text twice
  alike_choices,        ///< the same tokens twice: a tie that no model can break
  undecidable_choices,  ///< a right choice and a wrong one have the same tokens: the order of the choices decides
  cut_retrieval_text,   ///< what a sentence encoder does not see of a row
};

/// Counts of the rows of one file, or task.
class RowNotes {
 public:
  /// Notes something of a row; at most once for each row. `limit`: the tokens that something was cut to.
  void add(RowNote note, std::int64_t line, std::int64_t limit = 0);
  /// Adds the counts of further rows.
  void add(const RowNotes& more);

  std::int64_t count(RowNote note) const { return tally(note).rows; }

  /// A warning for each kind that occurs: how many of `rows`, and the line of one.
  void warn(const std::string& where, std::int64_t rows) const;
  /// Every kind of note by name, with its count.
  Json to_json() const;

 private:
  static constexpr std::size_t kKinds = 10;
  struct Tally {
    std::int64_t rows = 0;
    std::int64_t first_line = 0;
    std::int64_t limit = 0;
  };

  const Tally& tally(RowNote note) const { return tallies_[static_cast<std::size_t>(note)]; }

  std::array<Tally, kKinds> tallies_{};
};

}  // namespace phatgoose
