#include "phatgoose/base/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/log.h"
#include "phatgoose/base/terminal.h"

namespace phatgoose {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr Seconds kTerminalInterval{0.1};
constexpr Seconds kLineInterval{10.0};
constexpr int kBarWidth = 12;  // so that rate and ETA fit into 80 columns

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string bar(double share) {
  const auto filled = static_cast<std::size_t>(share * kBarWidth);
  return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "] ";
}

}  // namespace

Progress::Progress(std::string label, std::int64_t total, std::string unit, std::int64_t start)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      start_(start),
      done_(start),
      began_(std::chrono::steady_clock::now()),
      drawn_(began_),
      terminal_(stderr_is_terminal()) {
  if (terminal_) draw(false);
}

Progress::~Progress() {
  // Left without finish(): an error is on its way; only the bar has to go.
  if (!finished_ && terminal_ && log_level() >= LogLevel::info) set_status_line("");
}

void Progress::update(std::int64_t done, std::string_view note, double part) {
  done_ = done;
  part_ = part;
  note_ = note;
  if (std::chrono::steady_clock::now() - drawn_ >= (terminal_ ? kTerminalInterval : kLineInterval)) draw(false);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  draw(true);
}

void Progress::draw(bool last) {
  if (log_level() < LogLevel::info) return;
  const auto now = std::chrono::steady_clock::now();
  drawn_ = now;
  const double elapsed = Seconds(now - began_).count();
  const double done = static_cast<double>(done_) + part_;
  const double rate = elapsed > 0 ? (done - static_cast<double>(start_)) / elapsed : 0.0;
  const double share = total_ > 0 ? std::clamp(done / static_cast<double>(total_), 0.0, 1.0) : 1.0;

  const std::string count = part_ > 0 ? fmt::format("{:.2f}", done) : std::to_string(done_);
  std::string text = fmt::format("{}/{} {} ({:.0f} %), {:.3g} {}/s", count, total_, unit_, 100 * share, rate, unit_);
  if (last) {
    text += ", took " + clock_text(elapsed);
  } else if (rate > 0) {
    text += ", ETA " + clock_text((static_cast<double>(total_) - done) / rate);
  }
  if (!note_.empty()) text += ", " + note_;

  if (terminal_ && !last) {
    set_status_line((label_ + " " + bar(share) + text).substr(0, static_cast<std::size_t>(terminal_width() - 1)));
  } else {
    if (terminal_) set_status_line("");
    log_info(label_ + ": " + text);
  }
}

}  // namespace phatgoose
