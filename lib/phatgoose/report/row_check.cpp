#include "phatgoose/report/row_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/data/records.h"
#include "phatgoose/report/table.h"
#include "phatgoose/store/t5_config.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

/// Lengths of one part of the rows in one unit.
class Lengths {
 public:
  Lengths(const char* part, const char* unit) : part_(part), unit_(unit) {}

  void add(std::size_t length) {
    low_ = count_ == 0 ? length : std::min(low_, length);
    high_ = std::max(high_, length);
    sum_ += length;
    ++count_;
  }

  /// Adds an entry to the list; none where nothing was measured.
  void describe(Json& list) const {
    if (count_ == 0) return;
    const double mean = static_cast<double>(sum_) / static_cast<double>(count_);
    list.push_back(
        {{"of", part_}, {"unit", unit_}, {"min", low_}, {"mean", std::round(mean * 10) / 10}, {"max", high_}});
  }

 private:
  const char *part_, *unit_;
  std::size_t count_ = 0, sum_ = 0, low_ = 0, high_ = 0;
};

std::optional<Tokenizer> tokenizer_of(const fs::path& model) {
  std::optional<Tokenizer> tokenizer = Tokenizer::of_base(model, read_t5_config(model).vocab_size);
  if (!tokenizer) refuse(model.string(), "a base without tokenizer", "one, to count tokens with");
  return tokenizer;
}

class RowSurvey {
 public:
  explicit RowSurvey(const std::optional<fs::path>& model) : tokenizer_(model ? tokenizer_of(*model) : std::nullopt) {}

  void add(const Record& record, const std::string& file) {
    ++rows_;
    ids_.insert(record.id);
    if (!record.template_name.empty()) templates_.insert(record.template_name);
    with_id_ += record.id != fmt::format("{}:{}", file, record.line) ? 1 : 0;
    with_template_ += record.template_name.empty() ? 0 : 1;
    with_ids_ += record.has_ids() ? 1 : 0;
    with_choices_ += record.has_choices() ? 1 : 0;
    without_right_ += record.has_choices() && !has_right_choice(record) ? 1 : 0;
    if (record.has_ids()) {
      add_ids(record);
    } else {
      add_texts(record);
    }
  }

  void describe(Json& found) const {
    found["rows"] = rows_;
    found["examples"] = ids_.size();
    found["templates"] = templates_.size();
    found["with"] = {{"choices", with_choices_},
                     {"choices_without_target", without_right_},
                     {"id", with_id_},
                     {"template", with_template_},
                     {"token_ids", with_ids_}};
    Json& list = found["lengths"] = Json::array();
    for (const Part* part : {&input_, &target_, &choices_}) part->characters.describe(list);
    for (const Part* part : {&input_, &target_, &choices_}) part->tokens.describe(list);
  }

  std::int64_t rows() const { return rows_; }

 private:
  struct Part {
    Lengths characters, tokens;
    explicit Part(const char* name) : characters(name, "characters"), tokens(name, "tokens") {}
  };

  static bool has_right_choice(const Record& record) {
    try {
      return !right_choices(record).empty();
    } catch (const Error&) {
      return false;
    }
  }

  void measure(const std::string& text, Part& part) const {
    part.characters.add(decode_utf8(text).size());
    if (tokenizer_) part.tokens.add(tokenizer_->encode(text).size() + 1);
  }

  void add_texts(const Record& record) {
    measure(record.input, input_);
    measure(record.target, target_);
    for (const std::string& choice : record.choices) measure(choice, choices_);
  }

  void add_ids(const Record& record) {
    input_.tokens.add(record.input_ids.size());
    target_.tokens.add(record.target_ids.size());
    for (const TokenIds& choice : record.choices_ids) choices_.tokens.add(choice.size());
  }

  std::optional<Tokenizer> tokenizer_;
  std::int64_t rows_ = 0, with_choices_ = 0, without_right_ = 0, with_id_ = 0, with_template_ = 0, with_ids_ = 0;
  std::set<std::string> ids_, templates_;
  Part input_{"input"}, target_{"target"}, choices_{"choice"};
};

}  // namespace

Json inspect_rows(const fs::path& file, const RowCheck& check) {
  RowSurvey survey(check.model);
  SkippedRows bad;
  RecordReader reader(file, check.max_line_bytes, [&](const BadRow& row) { bad.add(row); });
  const std::string name = file.filename().string();
  for (Record record; reader.next(record);) survey.add(record, name);
  if (survey.rows() + bad.count() == 0) refuse(file.string(), "no rows", "JSON Lines, one row a line");
  Json found = {{"kind", "rows"}, {"path", file.string()}};
  survey.describe(found);
  found["unknown_keys"] = reader.unknown_keys();
  found["bad_rows"] = bad.count();
  found["bad"] = bad.to_json();
  return found;
}

bool has_bad_rows(const Json& inspection) {
  if (inspection.value("bad_rows", 0) > 0) return true;
  const auto several = inspection.find("directories");
  return several != inspection.end() && std::ranges::any_of(*several, has_bad_rows);
}

std::string row_check_text(const Json& rows) {
  std::string text;
  if (!rows.at("lengths").empty()) {
    Table table({"length of", "unit", "min", "mean", "max"}, {2, 3, 4});
    for (const Json& entry : rows.at("lengths")) {
      table.add({entry.at("of").get<std::string>(), entry.at("unit").get<std::string>(), entry.at("min").dump(),
                 fmt::format("{:.1f}", entry.at("mean").get<double>()), entry.at("max").dump()});
    }
    text += "\n" + table.text();
  }
  const Json& bad = rows.at("bad");
  if (!bad.empty()) text += "\n";
  const std::string path = printable(rows.at("path").get<std::string>());
  for (const Json& row : bad) {
    text += fmt::format("{}:{}: {}\n", path, row.at("line").get<std::int64_t>(), row.at("message").get<std::string>());
  }
  const std::int64_t more = rows.at("bad_rows").get<std::int64_t>() - static_cast<std::int64_t>(bad.size());
  if (more > 0) text += fmt::format("{}: {} more bad rows\n", path, more);
  return text;
}

}  // namespace phatgoose
