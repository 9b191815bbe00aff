#include "phatgoose/jobs/shots.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"
#include "phatgoose/text/line_reader.h"

namespace phatgoose {
namespace {

constexpr std::uint64_t kShotSeed = 0;  // one order for each sample, whatever the seeds of training

}  // namespace

Shots draw_shots(const ShotRows& rows, const ShotCounts& counts, std::int64_t sample) {
  const auto id_of = [&](std::int64_t row) -> const std::string& {
    return rows.records[static_cast<std::size_t>(row)].id;
  };
  std::vector<std::int64_t> order;  // one row of each example
  std::set<std::string> examples;
  for (const std::int64_t row : permutation(std::ssize(rows.records), kShotSeed, static_cast<std::uint64_t>(sample))) {
    if (examples.insert(id_of(row)).second) order.push_back(row);
  }
  const std::int64_t wanted = counts.valid + counts.train.value_or(0);
  if (std::ssize(order) < wanted) {
    refuse(rows.file, fmt::format("{} examples of task {}", order.size(), rows.task), fmt::format("{}", wanted),
           "a smaller number of --shots, or all");
  }
  const auto first = order.begin() + counts.valid;
  Shots shots{.train = {}, .valid = {order.begin(), first}};
  if (counts.train) {
    shots.train.assign(first, first + *counts.train);
  } else {
    const std::set<std::string> taken = examples_of(rows, shots.valid);
    for (std::int64_t row = 0; row < std::ssize(rows.records); ++row) {
      if (!taken.contains(id_of(row))) shots.train.push_back(row);
    }
  }
  std::ranges::sort(shots.train);
  std::ranges::sort(shots.valid);
  return shots;
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
