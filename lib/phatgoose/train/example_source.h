// Where the examples of each training step come from.
#pragma once

#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/data/records.h"

namespace phatgoose {

class ExampleSource {
 public:
  virtual ~ExampleSource() = default;

  /// The examples of the next step, never none.
  virtual std::vector<Example> next() = 0;
  /// Where the source stands between two steps, and back to there. The state at construction is the beginning.
  virtual Json position() const = 0;
  virtual void seek(const Json& position) = 0;
};

}  // namespace phatgoose
