#include "phatgoose/nn/packing.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace phatgoose {
namespace {

at::Tensor to_device(std::vector<std::int64_t> ids, at::Device device) { return at::tensor(ids, at::kLong).to(device); }

}  // namespace

Packing Packing::of_lengths(std::span<const std::int64_t> lengths) {
  Packing packing;
  packing.offsets_.reserve(lengths.size() + 1);
  for (const std::int64_t length : lengths) packing.offsets_.push_back(packing.offsets_.back() + length);
  return packing;
}

std::int64_t Packing::max_length() const {
  std::int64_t longest = 0;
  for (std::int64_t row = 0; row < rows(); ++row) longest = std::max(longest, length(row));
  return longest;
}

at::Tensor Packing::row_of_tokens() const {
  std::vector<std::int64_t> row_of;
  row_of.reserve(static_cast<std::size_t>(tokens()));
  for (std::int64_t row = 0; row < rows(); ++row)
    row_of.insert(row_of.end(), static_cast<std::size_t>(length(row)), row);
  return at::tensor(row_of, at::kLong);
}

PackedIds pack_ids(std::span<const TokenIds> rows, at::Device device) {
  std::vector<std::int64_t> ids, lengths;
  for (const TokenIds& row : rows) {
    ids.insert(ids.end(), row.begin(), row.end());
    lengths.push_back(static_cast<std::int64_t>(row.size()));
  }
  return {to_device(std::move(ids), device), Packing::of_lengths(lengths)};
}

PackedIds pack_decoder_inputs(std::span<const TokenIds> targets, TokenId start, at::Device device) {
  std::vector<std::int64_t> ids, lengths;
  for (const TokenIds& target : targets) {
    if (target.empty()) {
      lengths.push_back(0);
      continue;
    }
    ids.push_back(start);
    ids.insert(ids.end(), target.begin(), target.end() - 1);
    lengths.push_back(static_cast<std::int64_t>(target.size()));
  }
  return {to_device(std::move(ids), device), Packing::of_lengths(lengths)};
}

}  // namespace phatgoose
