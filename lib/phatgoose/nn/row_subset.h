// Some rows of a pass as a pass of their own.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "phatgoose/nn/attention.h"

namespace phatgoose {

class RowSubset {
 public:
  /// `rows` ascend. `pass` must outlive the subset; what it knows of single tokens is left behind.
  RowSubset(const Pass& pass, const std::vector<std::int64_t>& rows, at::Device device);
  RowSubset(const RowSubset&) = delete;
  RowSubset& operator=(const RowSubset&) = delete;

  Pass pass() const { return {packing_, known_, dropout_ ? &*dropout_ : nullptr, base_alone_}; }
  const at::Tensor& rows() const { return rows_; }      ///< [rows] int64 on the device: their numbers in the whole pass
  const at::Tensor& tokens() const { return tokens_; }  ///< [N] int64 on the device: places of their tokens there

  /// Attention of these rows only. Keys are the subset's own tokens, or lie where they did.
  AttentionInputs attention(const AttentionInputs& of_all, bool own_keys) const;

 private:
  Packing packing_;
  RowContext known_;
  std::optional<Dropout> dropout_;
  bool base_alone_;
  at::Tensor rows_, tokens_;
  std::vector<std::int64_t> place_of_;  // of every token of the whole pass among the subset's; -1 of other rows
  std::vector<std::int64_t> row_of_;    // of the subset's tokens
};

}  // namespace phatgoose
