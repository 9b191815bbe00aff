#include "phatgoose/data/mixed_order.h"

#include <algorithm>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

/// A seed for the epochs of one data set, so that equally long ones do not go in step.
std::uint64_t seed_of_data_set(std::uint64_t seed, std::size_t index) {
  constexpr std::uint32_t kDataSets = 1;  // the permutations themselves draw from substream 0
  return RandomStream(seed, index, kDataSets).next_u64();
}

}  // namespace

std::vector<std::int64_t> mixing_shares(const std::vector<std::int64_t>& sizes, const Mixing& mixing) {
  std::vector<std::int64_t> shares;
  for (const std::int64_t size : sizes) shares.push_back(mixing.equal ? 1 : std::min(size, mixing.cap.value_or(size)));
  std::int64_t divisor = 0;
  for (const std::int64_t share : shares) divisor = std::gcd(divisor, share);
  for (std::int64_t& share : shares) share /= divisor;
  return shares;
}

MixedOrder::MixedOrder(const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& shares,
                       std::uint64_t seed)
    : seed_(seed) {
  std::int64_t first_row = 0, turns = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    data_sets_.push_back({first_row, shares[i], DataOrder(sizes[i], seed_of_data_set(seed, i), /*shuffle=*/true)});
    first_row += sizes[i];
    turns += shares[i];
  }
  turns_.resize(static_cast<std::size_t>(turns));
}

std::int64_t MixedOrder::row_at(std::int64_t place) {
  const auto length = static_cast<std::int64_t>(turns_.size());
  const std::int64_t round = place / length;
  if (round != round_) begin_round(round);
  const Turn& turn = turns_[static_cast<std::size_t>(place % length)];
  DataSet& data_set = data_sets_[turn.data_set];
  return data_set.first_row + data_set.order.row_at(round * data_set.share + turn.before);
}

void MixedOrder::begin_round(std::int64_t round) {
  std::vector<std::size_t> owners;  // of the places, before they are put in order
  for (std::size_t i = 0; i < data_sets_.size(); ++i) {
    owners.insert(owners.end(), static_cast<std::size_t>(data_sets_[i].share), i);
  }
  const auto order = permutation(static_cast<std::int64_t>(owners.size()), seed_, static_cast<std::uint64_t>(round));
  std::vector<std::int64_t> before(data_sets_.size(), 0);
  for (std::size_t place = 0; place < turns_.size(); ++place) {
    const std::size_t owner = owners[static_cast<std::size_t>(order[place])];
    turns_[place] = {owner, before[owner]++};
  }
  round_ = round;
}

std::unique_ptr<RowOrder> make_row_order(const std::vector<std::int64_t>& sizes, const Mixing& mixing,
                                         std::uint64_t seed, bool shuffle) {
  const bool no_size_above_cap =
      std::ranges::all_of(sizes, [&](std::int64_t size) { return size <= mixing.cap.value_or(size); });
  if (sizes.size() == 1 || (!mixing.equal && no_size_above_cap)) {
    return std::make_unique<DataOrder>(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}), seed, shuffle);
  }
  if (!shuffle) {
    fail(ExitCode::bug, {.where = "make_row_order", .found = "mixing in file order", .expected = "shuffling"});
  }
  return std::make_unique<MixedOrder>(sizes, mixing_shares(sizes, mixing), seed);
}

}  // namespace phatgoose
