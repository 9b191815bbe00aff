#include "phatgoose/data/skipped_rows.h"

#include <fmt/format.h>

#include "phatgoose/base/log.h"

namespace phatgoose {
namespace {

constexpr std::size_t kNamedRows = 3;

}  // namespace

void SkippedRows::add(const BadRow& row) {
  ++count_;
  if (first_.size() < kNamedRows) first_.push_back(row);
}

void SkippedRows::warn(const std::string& where) const {
  if (count_ == 0) return;
  const bool all_named = count_ == static_cast<std::int64_t>(first_.size());
  log_warning(fmt::format("{}: {} bad row{} skipped{}", where, count_, count_ == 1 ? " was" : "s were",
                          all_named ? "" : fmt::format("; the first {}:", first_.size())));
  for (const BadRow& row : first_) log_warning(fmt::format("{}:{}: {}", where, row.line, row.message));
}

}  // namespace phatgoose
