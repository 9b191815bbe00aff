#include "phatgoose/data/row_encoder.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

/// Whether nothing but EOS is there.
bool is_empty(const TokenIds& ids) { return ids.size() == 1 && ids.front() == kEosId; }

/// Cuts to `max_length` ids of which the last is EOS; whether something was lost.
bool cut(TokenIds& ids, std::int64_t max_length) {
  if (static_cast<std::int64_t>(ids.size()) <= max_length) return false;
  ids.resize(static_cast<std::size_t>(max_length));
  ids.back() = kEosId;
  return true;
}

bool has_repetition(const std::vector<std::string>& texts) {
  return std::set<std::string>(texts.begin(), texts.end()).size() < texts.size();
}

}  // namespace

TokenIds RowEncoder::encode(const std::string& text) const {
  if (tokenizer_ == nullptr) {
    refuse_here("a row of text", "rows of token ids, because the base model has no spiece.model or tokenizer.json");
  }
  return tokenizer_->encode_with_eos(text, kNoLimit);
}

const TokenIds& RowEncoder::checked(const TokenIds& ids) const {
  for (const TokenId id : ids) {
    if (id >= 0 && id < vocab_size_) continue;
    refuse_here("token id " + std::to_string(id), "ids from 0 to " + std::to_string(vocab_size_ - 1));
  }
  return ids;
}

TokenIds RowEncoder::input(const Record& record, std::int64_t max_length) {
  TokenIds ids = record.has_ids() ? checked(record.input_ids) : encode(record.input);
  if (is_empty(ids)) notes_.add(RowNote::empty_input, record.line);
  if (!record.has_ids() && cut(ids, max_length)) notes_.add(RowNote::cut_input, record.line, max_length);
  return ids;
}

TokenIds RowEncoder::target(const Record& record, std::int64_t max_length) {
  TokenIds ids = record.has_ids() ? checked(record.target_ids) : encode(record.target);
  if (is_empty(ids)) notes_.add(RowNote::empty_target, record.line);
  if (!record.has_ids() && cut(ids, max_length)) notes_.add(RowNote::cut_target, record.line, max_length);
  return ids;
}

std::vector<TokenIds> RowEncoder::choices(const Record& record, const std::vector<std::int64_t>& right) {
  std::vector<TokenIds> choices;
  for (const TokenIds& ids : record.choices_ids) choices.push_back(checked(ids));
  for (const std::string& text : record.choices) choices.push_back(encode(text));
  compare(record, choices, right);
  return choices;
}

void RowEncoder::compare(const Record& record, const std::vector<TokenIds>& choices,
                         const std::vector<std::int64_t>& right) {
  struct Times {
    std::int64_t all = 0, right = 0;
  };
  std::map<TokenIds, Times> distinct;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    Times& times = distinct[choices[i]];
    ++times.all;
    times.right += std::ranges::find(right, static_cast<std::int64_t>(i)) != right.end() ? 1 : 0;
  }
  const auto note = [&](RowNote what, bool holds) {
    if (holds) notes_.add(what, record.line);
  };
  note(RowNote::single_choice, choices.size() == 1);
  note(RowNote::empty_choice, std::ranges::any_of(choices, is_empty));
  note(RowNote::repeated_choice, has_repetition(record.choices));
  note(RowNote::alike_choices, distinct.size() < choices.size());
  note(RowNote::undecidable_choices, std::ranges::any_of(distinct, [](const auto& entry) {
         return entry.second.right > 0 && entry.second.right < entry.second.all;
       }));
}

std::vector<Example> encode_rows(const std::vector<Record>& records, RowEncoder& encoder, std::int64_t max_input,
                                 std::int64_t max_target, bool with_choices) {
  std::vector<Example> examples;
  examples.reserve(records.size());
  for (const Record& record : records) {
    in_row(record, [&] {
      TokenIds input = encoder.input(record, max_input);
      Example& example = examples.emplace_back(Example{std::move(input), encoder.target(record, max_target)});
      if (!with_choices || !record.has_choices()) return;
      const std::vector<std::int64_t> right = right_choices(record);
      example.choices = encoder.choices(record, right);
      example.right = right.front();
      // The others are no wrong answers: nothing is to make them unlikely.
      for (std::size_t i = right.size() - 1; i > 0; --i) example.choices.erase(example.choices.begin() + right[i]);
    });
  }
  return examples;
}

}  // namespace phatgoose
