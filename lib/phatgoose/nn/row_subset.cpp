#include "phatgoose/nn/row_subset.h"

#include <ATen/ATen.h>

namespace phatgoose {
namespace {

std::int64_t pitch_of(const AttentionRun& run) { return run.key_pitch > 0 ? run.key_pitch : run.keys; }

/// Row number `i` of a run as a run of its own.
AttentionRun row_of_run(const AttentionRun& run, std::int64_t i) {
  return {.row = run.row + i,
          .count = 1,
          .query_begin = run.query_begin + i * run.queries,
          .queries = run.queries,
          .key_begin = run.key_begin + i * pitch_of(run),
          .keys = run.keys,
          .key_pitch = run.key_pitch};
}

/// Adds a run of one row; where it continues the last one, that grows.
void add_row(std::vector<AttentionRun>& runs, const AttentionRun& row) {
  if (!runs.empty()) {
    AttentionRun& last = runs.back();
    const bool continues = last.queries == row.queries && last.keys == row.keys && last.key_pitch == row.key_pitch &&
                           last.row + last.count == row.row &&
                           last.query_begin + last.count * last.queries == row.query_begin &&
                           last.key_begin + last.count * pitch_of(last) == row.key_begin;
    if (continues) {
      ++last.count;
      return;
    }
  }
  runs.push_back(row);
}

}  // namespace

RowSubset::RowSubset(const Pass& pass, const std::vector<std::int64_t>& rows, at::Device device)
    : known_(RowContext().inheriting(pass.rows, rows)),
      base_alone_(pass.base_alone),
      place_of_(static_cast<std::size_t>(pass.packing.tokens()), -1) {
  if (pass.dropout != nullptr) dropout_ = pass.dropout->of_rows(rows);
  std::vector<std::int64_t> lengths, tokens;
  for (const std::int64_t row : rows) {
    lengths.push_back(pass.packing.length(row));
    for (std::int64_t i = 0; i < pass.packing.length(row); ++i) {
      const std::int64_t token = pass.packing.offset(row) + i;
      place_of_[static_cast<std::size_t>(token)] = std::ssize(tokens);
      tokens.push_back(token);
      row_of_.push_back(std::ssize(lengths) - 1);
    }
  }
  packing_ = Packing::of_lengths(lengths);
  rows_ = at::tensor(rows, at::kLong).to(device);
  tokens_ = at::tensor(tokens, at::kLong).to(device);
}

AttentionInputs RowSubset::attention(const AttentionInputs& of_all, bool own_keys) const {
  AttentionInputs inputs{.runs = {},
                         .heads = of_all.heads,
                         .bias = of_all.bias,
                         .dropout = of_all.dropout != nullptr && dropout_ ? &*dropout_ : nullptr};
  for (const AttentionRun& run : of_all.runs) {
    for (std::int64_t i = 0; i < run.count; ++i) {
      AttentionRun row = row_of_run(run, i);
      const std::int64_t place = place_of_[static_cast<std::size_t>(row.query_begin)];
      if (place < 0) continue;
      row.row = row_of_[static_cast<std::size_t>(place)];
      row.query_begin = place;
      if (own_keys) row.key_begin = place;
      add_row(inputs.runs, row);
    }
  }
  return inputs;
}

}  // namespace phatgoose
