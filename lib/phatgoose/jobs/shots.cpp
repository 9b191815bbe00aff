#include "phatgoose/jobs/shots.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"
#include "phatgoose/text/line_reader.h"

namespace phatgoose {
namespace {

constexpr std::uint64_t kShotSeed = 0;  // one order for each sample, whatever the seeds of training

}  // namespace

std::vector<std::int64_t> draw_shots(const ShotRows& rows, std::optional<std::int64_t> shots, std::int64_t sample) {
  const std::int64_t count = std::ssize(rows.records);
  std::vector<std::int64_t> drawn;
  if (!shots) {
    drawn.resize(static_cast<std::size_t>(count));
    std::iota(drawn.begin(), drawn.end(), 0);
    return drawn;
  }
  std::set<std::string> examples;
  for (const std::int64_t row : permutation(count, kShotSeed, static_cast<std::uint64_t>(sample))) {
    if (std::ssize(drawn) == *shots) break;
    if (examples.insert(rows.records[static_cast<std::size_t>(row)].id).second) drawn.push_back(row);
  }
  if (std::ssize(drawn) < *shots) {
    refuse(rows.file, fmt::format("{} examples of task {}", drawn.size(), rows.task), fmt::format("{}", *shots),
           "a smaller number of --shots, or all");
  }
  std::ranges::sort(drawn);
  return drawn;
}

std::string lines_of(const ShotRows& rows, const std::vector<std::int64_t>& drawn, std::size_t max_line_bytes) {
  std::set<std::int64_t> wanted;
  for (const std::int64_t row : drawn) wanted.insert(rows.records[static_cast<std::size_t>(row)].line);
  LineReader reader(rows.file, max_line_bytes);
  std::string line, text;
  while (!wanted.empty()) {
    try {
      if (!reader.next(line)) break;
    } catch (const LineError&) {
      continue;  // a bad row that was skipped
    }
    if (wanted.erase(reader.line_number()) == 0) continue;
    make_row(line);
    text += line + "\n";
  }
  return text;
}

std::set<std::string> examples_of(const ShotRows& rows, const std::vector<std::int64_t>& drawn) {
  std::set<std::string> examples;
  for (const std::int64_t row : drawn) examples.insert(rows.records[static_cast<std::size_t>(row)].id);
  return examples;
}

}  // namespace phatgoose
