// Which expert each token of a row belongs to, by the row's own labels (METHODS 4, token-oracle).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phatgoose/data/records.h"

namespace phatgoose {

using ExpertNumbers = std::vector<std::int32_t>;  ///< an expert for each token

/// The labels of a task's rows. Experts are numbered in the order in which rows name them.
class TokenLabels {
 public:
  struct Row {
    ExpertNumbers input;
    std::vector<ExpertNumbers> choices;  ///< EOS included
  };

  /// Adds a row whose input and choices the model reads as these ids. A token belongs to the part (of an answer: the
  /// word) in which its first character that is no space lies, EOS to the last. A row without labels, or with labels
  /// that do not fit its texts: bad_data.
  void add(const Record& record, const TokenIds& input, const std::vector<TokenIds>& choices,
           const Tokenizer* tokenizer);

  const std::vector<Row>& rows() const { return rows_; }
  /// The place in `names` of every expert; bad_data at the line of the first row that names one which is not there.
  ExpertNumbers places_in(const std::vector<std::string>& names) const;

 private:
  struct Expert {
    std::string name;
    std::int64_t line;  ///< of the first row that names it
  };

  std::int32_t number_of(const std::string& name, std::int64_t line);

  std::vector<Expert> experts_;
  std::vector<Row> rows_;
};

}  // namespace phatgoose
