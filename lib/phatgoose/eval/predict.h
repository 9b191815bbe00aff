// phatgoose predict: rows in, answers out, as they come.
#pragma once

#include <ATen/core/Tensor.h>

#include <iosfwd>

#include "phatgoose/settings/predict.h"

namespace phatgoose {

/// Where rows come from, where answers go to.
struct PredictStreams {
  int input;  ///< a descriptor, read when settings.input is "-"
  std::ostream& output;
  bool coloured = false;  ///< whether the output shows colours
};

/// Reads rows from settings.input and writes one line of answer for every line, flushed after every batch. A batch
/// takes only rows that are there already, so a row that comes alone is answered before the next is waited for. What is
/// to be known of the rows is said after the last. A bad row is a bad_data error after the answers to all rows before
/// it.
void predict(const PredictSettings& settings, at::Device device, at::ScalarType dtype, const PredictStreams& streams);

}  // namespace phatgoose
