#include "phatgoose/data/row_notes.h"

#include <fmt/format.h>

#include "phatgoose/base/log.h"

namespace phatgoose {
namespace {

struct Words {
  const char* name;     // in JSON
  const char* message;  // after "3 of 10 "; {} is the limit
};
/// In the order of RowNote.
constexpr Words kWords[] = {
    {"cut_input", "inputs are cut to {} tokens; their ends are lost"},
    {"cut_target", "targets are cut to {} tokens"},
    {"empty_input", "inputs are empty"},
    {"empty_target", "targets are empty"},
    {"single_choice", "rows have only one choice, which is right whatever the model says"},
    {"empty_choice", "rows have an empty choice"},
    {"repeated_choice", "rows have the same choice twice"},
    {"alike_choices", "rows have choices with identical tokens, a tie that no model can break: the first is taken"},
    {"undecidable_choices",
     "rows have a right and a wrong choice with identical tokens: the order of the choices decides, not the model"},
    {"cut_retrieval_text", "texts are cut to {} tokens for the sentence encoder"},
};

}  // namespace

void RowNotes::add(RowNote note, std::int64_t line, std::int64_t limit) {
  Tally& tally = tallies_[static_cast<std::size_t>(note)];
  if (tally.rows++ == 0) tally.first_line = line;
  tally.limit = limit;
}

void RowNotes::add(const RowNotes& more) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    Tally& tally = tallies_[kind];
    const Tally& further = more.tallies_[kind];
    if (further.rows == 0) continue;
    if (tally.rows == 0) tally.first_line = further.first_line;
    tally.rows += further.rows;
    tally.limit = further.limit;
  }
}

void RowNotes::warn(const std::string& where, std::int64_t rows) const {
  static_assert(std::size(kWords) == kKinds);
  // Such rows are among those with alike choices; where they are all of them, one warning says it.
  const bool all_undecidable = count(RowNote::alike_choices) == count(RowNote::undecidable_choices);
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const Tally& tally = tallies_[kind];
    if (tally.rows == 0 || (RowNote(kind) == RowNote::alike_choices && all_undecidable)) continue;
    log_warning(fmt::format("{}: {} of {} {} (e.g. line {})", where, tally.rows, rows,
                            fmt::format(fmt::runtime(kWords[kind].message), tally.limit), tally.first_line));
  }
}

Json RowNotes::to_json() const {
  Json json = Json::object();
  for (std::size_t kind = 0; kind < kKinds; ++kind) json[kWords[kind].name] = tallies_[kind].rows;
  return json;
}

}  // namespace phatgoose
