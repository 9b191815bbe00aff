// Settings of `phatgoose bench`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phatgoose/settings/common.h"

namespace phatgoose {

struct BenchSettings {
  CommonSettings common;
  std::string model = "t5-v1.1-small";  ///< a directory, or the name of a shape: random weights
  std::vector<std::string> experts;     ///< directories; empty: random experts
  std::vector<std::string> work;        ///< names of measurements; empty: all
  std::int64_t rows = 8;
  std::int64_t input_length = 256;
  std::int64_t target_length = 32;
  std::int64_t rank = 16;  ///< of random experts and of what is trained
  std::int64_t repeats = 5;

  OptionSet declare();
};

/// Every measurement, in the order in which they are made.
std::vector<std::string> bench_work_names();

}  // namespace phatgoose
