// The order in which training visits several data sets at once (METHODS 4, multitask): each has its share of the places
// and its own epochs. With a cap, the shares are those of T5's examples-proportional mixing (arXiv 1910.10683, 3.5.2).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "phatgoose/data/batching.h"

namespace phatgoose {

/// How data sets share the places. Without `equal` and `cap` every row is as likely as any other.
struct Mixing {
  bool equal = false;                 ///< every data set is as likely as any other
  std::optional<std::int64_t> cap{};  ///< data sets of more rows count as if they had so many; not with `equal`
};

/// The shares of data sets of `sizes` rows: the smallest integers in their proportion.
std::vector<std::int64_t> mixing_shares(const std::vector<std::int64_t>& sizes, const Mixing& mixing);

/// The order of data sets that lie one after the other in one list of rows. Places come in rounds: a round gives every
/// data set as many places as its share, in an order that is a pure function of (seed, round). A data set fills its
/// places with its own epochs laid end to end, so that no row of it comes again before all have come.
class MixedOrder : public RowOrder {
 public:
  /// One share, at least 1, for each size, at least 1.
  MixedOrder(const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& shares, std::uint64_t seed);

  std::int64_t row_at(std::int64_t place) override;

 private:
  struct DataSet {
    std::int64_t first_row;
    std::int64_t share;
    DataOrder order;
  };
  /// Whose turn a place of the round is, and how many turns of the round that data set had before.
  struct Turn {
    std::size_t data_set;
    std::int64_t before;
  };

  void begin_round(std::int64_t round);

  std::vector<DataSet> data_sets_;
  std::uint64_t seed_;
  std::int64_t round_ = -1;  // whose turns `turns_` holds
  std::vector<Turn> turns_;
};

/// The order for data sets of `sizes` rows, one after the other in one list. Where the mixing makes every row as likely
/// as any other (one data set, or no size above the cap), all rows have epochs in common, or file order without
/// `shuffle`; otherwise it is a MixedOrder, which needs `shuffle`.
std::unique_ptr<RowOrder> make_row_order(const std::vector<std::int64_t>& sizes, const Mixing& mixing,
                                         std::uint64_t seed, bool shuffle);

}  // namespace phatgoose
