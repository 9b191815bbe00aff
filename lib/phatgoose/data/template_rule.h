// Which templates of its examples a task asks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/data/records.h"

namespace phatgoose {

struct TemplateRule {
  std::vector<std::string> only = {};     ///< names of the templates that are asked; empty: all
  std::vector<std::string> without = {};  ///< names of templates that are not asked
  /// One row of each example: of example number j, in the order in which they first appear, number j modulo its rows,
  /// these in the order of `only`, or of the file.
  bool in_turn = false;

  bool asks_all() const { return only.empty() && without.empty() && !in_turn; }
};

/// What names of templates are compared by: every run of characters other than ASCII letters, digits, "_" and "." is
/// one "_", so that the names of PromptSource ("GPT-3 style") and of P3 ("GPT_3_style") match.
std::string template_key(std::string_view name);

struct TemplateChoice {
  std::vector<std::int64_t> places;      ///< of the rows that are asked, ascending
  std::vector<std::string> no_such_row;  ///< names in the rule that no row has
};

TemplateChoice choose_by_template(const std::vector<Record>& records, const TemplateRule& rule);

}  // namespace phatgoose
