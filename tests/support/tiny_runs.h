// A workshop for evaluations: a tiny base, a suite of two tasks over it, and settings.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>

#include "phatgoose/base/log.h"
#include "phatgoose/base/signals.h"
#include "support/evaluate.h"
#include "support/scratch_directory.h"
#include "support/tiny_t5.h"

namespace phatgoose::test {

class TinyRuns {
 public:
  /// Of so many rows; `keys`: more keys of a row, by its index.
  explicit TinyRuns(
      int rows, const std::function<Json(int)>& keys = [](int) { return Json::object(); }) {
    set_log_level(LogLevel::quiet);
    make_directories(*this / "base");
    tiny_model().save(*this / "base", at::kFloat);
    RandomStream random(3);
    std::string lines;
    for (int i = 0; i < rows; ++i) {
      Json row = keys(i);
      row["input_ids"] = random_ids(random, 2 + random.below(20));
      for (int c = 0; c < 3; ++c) row["choices_ids"].push_back(random_ids(random, 2 + random.below(3)));
      row["target_ids"] = row["choices_ids"][random.below(3)];
      lines += row.dump() + "\n";
    }
    write_text(*this / "rows.jsonl", lines);
    write_text(*this / "suite.yaml",
               "name: tiny\n"
               "tasks:\n"
               "  - {name: choose, data: rows.jsonl, kind: rank_classification}\n"
               "  - {name: write, data: rows.jsonl, kind: generation, max_new_tokens: 4}\n");
  }
  ~TinyRuns() {
    clear_stop_request();
    set_log_level(LogLevel::info);
  }

  EvalSettings settings(const std::string& out) const {
    EvalSettings settings;
    settings.model = *this / "base";
    settings.suite = *this / "suite.yaml";
    settings.out = *this / out;
    return settings;
  }

  fs::path operator/(const std::string& name) const { return directory_ / name; }

 private:
  ScratchDirectory directory_;
};

}  // namespace phatgoose::test
