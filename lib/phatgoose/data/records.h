// Rows of a data file: JSON Lines, plain or gzip-compressed.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/base/text_file.h"
#include "phatgoose/text/line_reader.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

/// A part of a row's input, and the expert that it belongs to.
struct InputPart {
  std::string text, expert;
};

/// One row. Text fields and id fields exclude each other: a row has `input` or `input_ids`.
struct Record {
  std::string input, target;
  std::vector<std::string> choices, targets;  ///< targets: all right answers, where there are several
  TokenIds input_ids, target_ids;
  std::vector<TokenIds> choices_ids;
  std::vector<InputPart> input_experts;     ///< parts that make up the input; empty where the row names no experts
  std::vector<std::string> answer_experts;  ///< of each word of the answer
  std::string id;                           ///< rows with the same id are templates of one example; default "FILE:LINE"
  std::string template_name;                ///< key "template"
  std::string description;                  ///< of its task, for routers that compare descriptions; empty: none
  std::string task;                         ///< the task it is of, for adapters that have tasks; empty: it does not say
  std::int64_t line = 0;                    ///< 1-based

  bool has_ids() const { return !input_ids.empty(); }
  bool has_choices() const { return !choices.empty() || !choices_ids.empty(); }
};

/// Reads one row. Unknown keys are ignored (public data sets carry many of their own); `unknown`, where given, collects
/// them. Wrong types, missing fields, and text and ids in one row are bad_data errors. `need_target` false admits rows
/// with an input only. `targets` without `target`: the first of them is the target.
Record parse_record(std::string_view json, bool need_target = true, std::set<std::string>* unknown = nullptr);

/// Takes off a byte-order mark, which files that were joined bring along. false: the line is blank, and no row.
bool make_row(std::string& line);

/// A line that is no row, and why.
struct BadRow {
  std::int64_t line = 0;  ///< 1-based
  std::string message;    ///< one printable line: "column 12: invalid JSON: ...", "no \"target\"; expected a string"
};

constexpr std::size_t kListedBadRows = 100;

/// Bad rows that a user wants left out: counted, and the first of them listed.
class SkippedRows {
 public:
  void add(const BadRow& row);
  /// Adds further rows of the same file.
  void add(const SkippedRows& more);

  std::int64_t count() const { return count_; }
  /// The first kListedBadRows of them, in the order in which they were found.
  const std::vector<BadRow>& listed() const { return listed_; }
  /// These as a list of {"line", "message"}.
  Json to_json() const;

  /// A warning, where there are any: how many rows of the file `where` were skipped, and what is wrong with the first.
  void warn(const std::string& where) const;

 private:
  std::int64_t count_ = 0;
  std::vector<BadRow> listed_;
};

/// The rows of one file, one after the other; blank lines are skipped.
class RecordReader {
 public:
  using OnBadRow = std::function<void(const BadRow&)>;

  /// `on_bad_row`, where given, is told of every bad row, and reading goes on behind it: invalid JSON, wrong types,
  /// missing fields, bytes that are not UTF-8, lines of more bytes than admitted. Without it they are bad_data errors
  /// that name file and line, as truncated gzip always is.
  explicit RecordReader(const fs::path& path, std::size_t max_line_bytes = kMaxLineBytes, OnBadRow on_bad_row = {});

  /// false at the end of the file.
  bool next(Record& record);

  /// Keys of the rows so far that are not used.
  const std::set<std::string>& unknown_keys() const { return unknown_; }

 private:
  bool read_row(Record& record);
  void report(const Error& error);

  fs::path path_;
  LineReader lines_;
  OnBadRow on_bad_row_;
  std::string line_;
  std::set<std::string> unknown_;
};

/// All rows of one file; unknown keys are named in one log line. Bad rows are errors, as those of RecordReader, unless
/// `skipped` is given: then they are left out, counted there, and told in a warning. A file without rows: bad_data.
std::vector<Record> read_records(const fs::path& path, std::size_t max_line_bytes = kMaxLineBytes,
                                 SkippedRows* skipped = nullptr);

/// Indices of the choices that are right: equal to `target` or to one of `targets` after strip; for rows of ids, equal
/// to `target_ids`. None: bad_data.
std::vector<std::int64_t> right_choices(const Record& record);

/// in() at the line of a record, for work on it; the in() around it names the file.
template <typename Work>
decltype(auto) in_row(const Record& record, Work&& work) {
  return in(":" + std::to_string(record.line), std::forward<Work>(work));
}

/// An input and a target as the model reads them.
struct Example {
  TokenIds input, target;
  std::int64_t task = 0;               ///< the data set that a row to train on comes from, by its place among them
  std::vector<TokenIds> choices = {};  ///< empty where the row has none, or whoever read it did not ask for them
  std::int64_t right = 0;              ///< index of the right choice; of several the first, the others are left out

  /// What a loss that knows choices decodes: these, or the target where there are none.
  std::span<const TokenIds> answers() const { return choices.empty() ? std::span(&target, 1) : std::span(choices); }
};

}  // namespace phatgoose
