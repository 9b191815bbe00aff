#include "phatgoose/data/records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

constexpr std::array<std::string_view, 6> kTextKeys = {"input",   "target",        "choices",
                                                       "targets", "input_experts", "answer_experts"};
constexpr std::array<std::string_view, 3> kIdKeys = {"input_ids", "target_ids", "choices_ids"};
constexpr std::array<std::string_view, 4> kCommonKeys = {"id", "template", "description", "task"};

constexpr std::size_t kNamedBadRows = 3;

bool among(std::span<const std::string_view> keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

/// A key with the value null counts as absent.
bool has(const Json& row, std::string_view key) {
  const auto member = row.find(std::string(key));
  return member != row.end() && !member->is_null();
}

void check_keys(const Json& row, std::set<std::string>* unknown) {
  if (!row.is_object()) refuse_here(std::string("a JSON ") + row.type_name(), "an object with \"input\"");
  const auto present = [&](std::string_view key) { return has(row, key); };
  const auto text = std::find_if(kTextKeys.begin(), kTextKeys.end(), present);
  const auto ids = std::find_if(kIdKeys.begin(), kIdKeys.end(), present);
  if (text != kTextKeys.end() && ids != kIdKeys.end()) {
    refuse_here("\"" + std::string(*text) + "\" and \"" + std::string(*ids) + "\" in one row",
                "either text or token ids");
  }
  if (unknown == nullptr) return;
  for (const auto& [key, value] : row.items()) {
    if (!among(kTextKeys, key) && !among(kIdKeys, key) && !among(kCommonKeys, key)) unknown->insert(key);
  }
}

/// Wrong types only: whether the labels fit the text is for those to say who use them (token_labels.h).
void read_experts(const Json& row, Record& record) {
  const std::string key = "input_experts";
  for (const auto& part : json_get_or<std::vector<std::vector<std::string>>>(row, key, {})) {
    if (part.size() != 2) {
      refuse_here("a list of " + std::to_string(part.size()) + " in \"" + key + "\"", "[text, expert]");
    }
    record.input_experts.push_back({part[0], part[1]});
  }
  record.answer_experts = json_get_or<std::vector<std::string>>(row, "answer_experts", {});
}

void read_text_fields(const Json& row, bool need_target, Record& record) {
  record.input = json_get<std::string>(row, "input");
  record.choices = json_get_or<std::vector<std::string>>(row, "choices", {});
  record.targets = json_get_or<std::vector<std::string>>(row, "targets", {});
  if (has(row, "target")) {
    record.target = json_get<std::string>(row, "target");
  } else if (!record.targets.empty()) {
    record.target = record.targets.front();
  } else if (need_target) {
    refuse_here("no \"target\"", "a string, or a list \"targets\"");
  }
}

void read_id_fields(const Json& row, bool need_target, Record& record) {
  record.input_ids = json_get<TokenIds>(row, "input_ids");
  if (need_target || has(row, "target_ids")) record.target_ids = json_get<TokenIds>(row, "target_ids");
  record.choices_ids = json_get_or<std::vector<TokenIds>>(row, "choices_ids", {});
  if (record.input_ids.empty()) refuse_here("empty \"input_ids\"", "at least one id");
  if (has(row, "target_ids") && record.target_ids.empty()) refuse_here("empty \"target_ids\"", "at least one id");
  for (const TokenIds& choice : record.choices_ids) {
    if (choice.empty()) refuse_here("an empty list in \"choices_ids\"", "at least one id for each choice");
  }
}

/// "id" may be a string or an integer.
std::string read_id(const Json& row) {
  if (!has(row, "id")) return {};
  const Json& id = row.at("id");
  return id.is_number_integer() ? id.dump() : json_get<std::string>(row, "id");
}

void log_unknown(const fs::path& path, const std::set<std::string>& unknown) {
  if (!unknown.empty()) log_info(fmt::format("{}: ignored keys: {}", path.string(), fmt::join(unknown, ", ")));
}

}  // namespace

Record parse_record(std::string_view json, bool need_target, std::set<std::string>* unknown) {
  const Json row = parse_json_line(json);
  check_keys(row, unknown);
  Record record;
  if (has(row, "input_ids")) {
    read_id_fields(row, need_target, record);
  } else {
    read_text_fields(row, need_target, record);
    read_experts(row, record);
  }
  record.id = read_id(row);
  record.template_name = json_get_or<std::string>(row, "template", "");
  record.description = json_get_or<std::string>(row, "description", "");
  record.task = json_get_or<std::string>(row, "task", "");
  return record;
}

bool make_row(std::string& line) {
  if (line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
  return line.find_first_not_of(" \t") != std::string::npos;
}

RecordReader::RecordReader(const fs::path& path, std::size_t max_line_bytes, OnBadRow on_bad_row)
    : path_(path), lines_(path, max_line_bytes), on_bad_row_(std::move(on_bad_row)) {}

bool RecordReader::next(Record& record) {
  while (true) {
    try {
      if (!lines_.next(line_)) return false;
    } catch (const LineError& error) {
      if (!on_bad_row_) throw;
      report(error);
      continue;
    }
    if (make_row(line_) && read_row(record)) return true;
  }
}

/// false: the row is bad, and was reported.
bool RecordReader::read_row(Record& record) {
  try {
    record = in(lines_.where(), [&] { return parse_record(line_, true, &unknown_); });
  } catch (const Error& error) {
    if (!on_bad_row_) throw;
    report(error);
    return false;
  }
  record.line = lines_.line_number();
  if (record.id.empty()) record.id = path_.filename().string() + ":" + std::to_string(record.line);
  return true;
}

void RecordReader::report(const Error& error) {
  std::string message = error.what();
  if (const std::string place = printable(lines_.where()) + ": "; message.starts_with(place)) {
    message.erase(0, place.size());
  }
  on_bad_row_({.line = lines_.line_number(), .message = std::move(message)});
}

void SkippedRows::add(const BadRow& row) {
  ++count_;
  if (listed_.size() < kListedBadRows) listed_.push_back(row);
}

void SkippedRows::add(const SkippedRows& more) {
  for (const BadRow& row : more.listed_) {
    if (listed_.size() < kListedBadRows) listed_.push_back(row);
  }
  count_ += more.count_;
}

Json SkippedRows::to_json() const {
  Json list = Json::array();
  for (const BadRow& row : listed_) list.push_back({{"line", row.line}, {"message", row.message}});
  return list;
}

void SkippedRows::warn(const std::string& where) const {
  if (count_ == 0) return;
  const std::size_t named = std::min(listed_.size(), kNamedBadRows);
  const bool all_named = count_ == static_cast<std::int64_t>(named);
  log_warning(fmt::format("{}: {} bad row{} skipped{}", where, count_, count_ == 1 ? " was" : "s were",
                          all_named ? "" : fmt::format("; the first {}:", named)));
  for (const BadRow& row : std::span(listed_).first(named))
    log_warning(fmt::format("{}:{}: {}", where, row.line, row.message));
}

std::vector<Record> read_records(const fs::path& path, std::size_t max_line_bytes, SkippedRows* skipped) {
  RecordReader::OnBadRow skip;
  if (skipped != nullptr) skip = [skipped](const BadRow& row) { skipped->add(row); };
  RecordReader reader(path, max_line_bytes, std::move(skip));
  std::vector<Record> records;
  for (Record record; reader.next(record);) records.push_back(std::move(record));
  if (skipped != nullptr) skipped->warn(path.string());
  if (records.empty()) {
    refuse(path, "no rows", "JSON Lines, one row a line: {\"input\": ..., \"target\": ...}");
  }
  log_unknown(path, reader.unknown_keys());
  return records;
}

std::vector<std::int64_t> right_choices(const Record& record) {
  std::vector<std::int64_t> right;
  if (record.has_ids()) {
    for (std::size_t i = 0; i < record.choices_ids.size(); ++i) {
      if (record.choices_ids[i] == record.target_ids) right.push_back(static_cast<std::int64_t>(i));
    }
  } else {
    std::set<std::string> answers = {strip(record.target)};
    for (const std::string& target : record.targets) answers.insert(strip(target));
    for (std::size_t i = 0; i < record.choices.size(); ++i) {
      if (answers.contains(strip(record.choices[i]))) right.push_back(static_cast<std::int64_t>(i));
    }
  }
  if (right.empty()) {
    const std::string found = !record.has_choices() ? "no choices"
                              : record.has_ids()    ? "no choice equals \"target_ids\""
                                                    : "no choice equals the target \"" + record.target + "\"";
    refuse_here(found, "the right answer among the choices");
  }
  return right;
}

}  // namespace phatgoose
