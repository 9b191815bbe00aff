#include "phatgoose/data/chosen_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

/// The templates of a file, for messages.
std::string template_names(const std::vector<Record>& records) {
  std::set<std::string> names;
  for (const Record& record : records) names.insert(record.template_name);
  return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

/// The places of the rows that the task's templates leave; none is bad_data.
std::vector<std::int64_t> asked_places(const Task& task, const std::vector<Record>& records) {
  TemplateChoice choice = choose_by_template(records, task.templates);
  if (choice.places.empty()) {
    refuse(task.data, fmt::format("no row has a template of task {}, but {}", task.name, template_names(records)));
  }
  if (!choice.no_such_row.empty()) {
    log_warning(
        fmt::format("task {}: no row has the template \"{}\"", task.name, fmt::join(choice.no_such_row, "\" or \"")));
  }
  const std::size_t left_out = records.size() - choice.places.size();
  if (left_out > 0) {
    log_info(fmt::format("task {}: its templates leave out {} of {} rows", task.name, left_out, records.size()));
  }
  return std::move(choice.places);
}

/// The first of these, or some drawn by choice.seed, in the order of the file.
std::vector<std::int64_t> within_limit(std::vector<std::int64_t> places, const RowChoice& choice) {
  const std::int64_t available = std::ssize(places);
  const std::int64_t count = std::min(choice.limit.value_or(available), available);
  if (choice.seed) {
    const auto order = permutation(available, static_cast<std::uint64_t>(*choice.seed), 0);
    std::vector<std::int64_t> drawn;
    for (const std::int64_t number : order) drawn.push_back(places[static_cast<std::size_t>(number)]);
    places = std::move(drawn);
  }
  places.resize(static_cast<std::size_t>(count));
  std::ranges::sort(places);
  return places;
}

}  // namespace

ChosenRows choose_rows(const Task& task, const RowChoice& choice) {
  ChosenRows rows;
  std::vector<Record> all = read_records(task.data, choice.line_limit, choice.skip_bad ? &rows.skipped : nullptr);
  rows.available = std::ssize(all);
  std::vector<std::int64_t> asked = asked_places(task, all);
  const std::int64_t count = std::ssize(asked);
  rows.left_out = rows.available - count;
  rows.places = within_limit(std::move(asked), choice);
  for (const std::int64_t place : rows.places) rows.records.push_back(std::move(all[static_cast<std::size_t>(place)]));
  if (std::ssize(rows.places) < count) {
    log_info(fmt::format("task {}: {} {} of {} rows", task.name, choice.seed ? "drew" : "the first", rows.places.size(),
                         count));
  }
  return rows;
}

}  // namespace phatgoose
