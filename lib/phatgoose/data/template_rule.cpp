#include "phatgoose/data/template_rule.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

namespace phatgoose {
namespace {

/// The names of one list of a rule, found by their keys.
class ListedTemplates {
 public:
  explicit ListedTemplates(const std::vector<std::string>& names) : names_(names), has_row_(names.size()) {
    for (std::size_t i = 0; i < names.size(); ++i) places_.emplace(template_key(names[i]), i);
  }

  /// The place of a row's template in the list, if it is there.
  std::optional<std::size_t> find(const std::string& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return std::nullopt;
    has_row_[found->second] = true;
    return found->second;
  }

  void add_unfound(std::vector<std::string>& names) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (!has_row_[i]) names.push_back(names_[i]);
    }
  }

 private:
  const std::vector<std::string>& names_;
  std::vector<bool> has_row_;
  std::map<std::string, std::size_t> places_;
};

struct AdmittedRow {
  std::int64_t place;  ///< in the file
  std::size_t rank;    ///< of its template in the list
};

/// Of each example one row, in turn.
std::vector<AdmittedRow> take_turns(const std::vector<AdmittedRow>& rows, const std::vector<Record>& records) {
  std::vector<std::vector<AdmittedRow>> examples;
  std::unordered_map<std::string_view, std::size_t> numbers;
  for (const AdmittedRow& row : rows) {
    const auto [number, is_new] = numbers.emplace(records[static_cast<std::size_t>(row.place)].id, examples.size());
    if (is_new) examples.emplace_back();
    examples[number->second].push_back(row);
  }
  std::vector<AdmittedRow> taken;
  for (std::size_t j = 0; j < examples.size(); ++j) {
    std::ranges::stable_sort(examples[j], {}, &AdmittedRow::rank);
    taken.push_back(examples[j][j % examples[j].size()]);
  }
  return taken;
}

}  // namespace

std::string template_key(std::string_view name) {
  std::string key;
  bool in_run = false;
  for (const char c : name) {
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (kept) {
      key += c;
    } else if (!in_run) {
      key += '_';
    }
    in_run = !kept;
  }
  return key;
}

TemplateChoice choose_by_template(const std::vector<Record>& records, const TemplateRule& rule) {
  ListedTemplates only(rule.only), without(rule.without);
  std::vector<AdmittedRow> rows;
  for (std::size_t place = 0; place < records.size(); ++place) {
    const std::string key = template_key(records[place].template_name);
    const std::optional<std::size_t> rank = only.find(key);
    const bool left_out = without.find(key).has_value();
    if (left_out || (!rule.only.empty() && !rank)) continue;
    rows.push_back({static_cast<std::int64_t>(place), rank.value_or(0)});
  }
  if (rule.in_turn) rows = take_turns(rows, records);
  TemplateChoice choice;
  for (const AdmittedRow& row : rows) choice.places.push_back(row.place);
  std::ranges::sort(choice.places);
  only.add_unfound(choice.no_such_row);
  without.add_unfound(choice.no_such_row);
  return choice;
}

}  // namespace phatgoose
