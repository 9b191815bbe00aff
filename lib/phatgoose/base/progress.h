// Progress of a long job on stderr: a bar with rate and ETA on a terminal, otherwise one line per interval.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace phatgoose {

class Progress {
 public:
  /// `unit` is the plural of what is counted ("steps", "rows"). `start` > 0 when a resumed job begins in the middle. On
  /// a terminal the bar is there at once.
  Progress(std::string label, std::int64_t total, std::string unit, std::int64_t start = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `note` is appended to the line ("loss 1.234"); `part`, from 0 to 1, is how much of the next unit is done.
  void update(std::int64_t done, std::string_view note = {}, double part = 0);
  void finish();

 private:
  void draw(bool last);

  std::string label_, unit_, note_;
  std::int64_t total_, start_, done_;
  double part_ = 0;
  std::chrono::steady_clock::time_point began_, drawn_;
  bool terminal_, finished_ = false;
};

}  // namespace phatgoose
