// What the computations of `phatgoose prepare` share: the base that the experts are for, the rows that were drawn, and
// files that are written once.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/data/records.h"
#include "phatgoose/settings/prepare.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

/// A training row and the file that it stands in.
struct DrawnRow {
  const std::string* file;
  Record record;

  /// Runs `work`, whose errors are at this row.
  void in_place(const auto& work) const {
    in(*file, [&] { in_row(record, work); });
  }
};

struct Preparation {
  const PrepareSettings& settings;
  at::Device device;
  at::ScalarType dtype;
  T5Config config;
  std::string fingerprint;  ///< of the base
  std::optional<Tokenizer> tokenizer;

  /// `from` must outlive this.
  Preparation(const PrepareSettings& from, at::Device where, at::ScalarType type);

  const Tokenizer* tokenizer_or_null() const { return tokenizer ? &*tokenizer : nullptr; }
  /// The rows that are looked at, in the order in which they were drawn.
  std::vector<DrawnRow> draw_rows() const;
  /// What the needed file of an expert is made from, as far as all computations have it in common.
  Json made_from(const ExpertNeed& need, const ExpertDirectory& expert) const;
};

/// Has `write` write the file, unless it is there, undamaged, and was made from the same.
void write_if_new(const fs::path& file, const Json& made_from, const std::function<void()>& write);

}  // namespace phatgoose
