#include "phatgoose/settings/score.h"

namespace phatgoose {

OptionSet ScoreSettings::declare() {
  OptionSet set("score", "Compute scores, intervals and tests again from the saved samples of evaluations");
  set.add("results", &results,
          "directories that eval wrote, of one method or of several; NAME= gives one another name, and stands before "
          "the names of several")
      .as("[NAME=]DIR")
      .as_positional()
      .must();
  set.add("join", &join,
          "the directories are those of eval --shard 1/N to N/N: put their answers together in --out, which then holds "
          "what a single run writes");
  set.begin_group("What to compare");
  set.add("metric", &metric, "score by this metric, over the tasks that have it; default: the first of each task")
      .as("NAME");
  set.add("compare-to", &compare_to, "the method that all others are compared with; default: the first").as("NAME");
  set.add("pairs", &pairs, "test every pair of methods, not only each against that one");
  set.begin_group("Output");
  set.add("all-metrics", &all_metrics, "also show every metric of every task");
  set.add("templates", &templates, "also show every template of every task, and the median and mean over templates");
  set.add("format", &format,
          "text, markdown and latex: tables for people; csv: one table of unrounded numbers; json: as comparison.json")
      .one_of({"text", "csv", "markdown", "latex", "json"});
  set.add("out", &out, "write to this file instead of stdout, and print its name; with --join the directory of results")
      .as("PATH");
  return set;
}

}  // namespace phatgoose
