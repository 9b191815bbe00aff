#include "phatgoose/jobs/describe_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/base/progress.h"
#include "phatgoose/data/chosen_rows.h"
#include "phatgoose/data/chosen_suite.h"
#include "phatgoose/data/descriptions.h"
#include "phatgoose/describe/describe_all.h"
#include "phatgoose/describe/response_cache.h"
#include "phatgoose/jobs/description_source.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {
namespace {

/// A task, or one of its rows.
struct Target {
  std::optional<std::int64_t> row;
  DescriptionRequest request;
  DescriptionOrigin origin = {};
  std::string key = {};
};

Target task_target(const Task& task, const ChosenRows& rows, const ShowingRule& rule) {
  return {.row = std::nullopt,
          .request = {.name = task.name, .subject = "task " + task.name, .examples = in(task.data, [&] {
                                                                           return draw_examples(rows.records, rule);
                                                                         })}};
}

std::vector<Target> row_targets(const Task& task, const ChosenRows& rows, const ShowingRule& rule) {
  std::vector<Target> targets;
  for (std::size_t i = 0; i < rows.records.size(); ++i) {
    const std::int64_t row = rows.places[i];
    targets.push_back({.row = row,
                       .request = {.name = task.name,
                                   .subject = fmt::format("row {} of task {}", row, task.name),
                                   .examples = {in(task.data, [&] { return show(rows.records[i], rule); })}}});
  }
  return targets;
}

/// Given texts need no rows.
std::vector<Target> targets_of(const Suite& suite, const DescribeSettings& settings) {
  const ShowingRule rule = showing_rule(settings, /*targets=*/false);
  const RowChoice choice{.limit = settings.limit,
                         .seed = settings.limit_seed,
                         .line_limit = settings.reading.line_limit(),
                         .skip_bad = settings.reading.skip_bad_rows};
  std::vector<Target> targets;
  for (const Task& task : suite.tasks) {
    if (settings.text_source() == DescribeSettings::Source::given) {
      targets.push_back({.row = std::nullopt, .request = {.name = task.name, .subject = "task " + task.name}});
      continue;
    }
    const ChosenRows rows = choose_rows(task, choice);
    if (settings.per_query()) {
      std::ranges::move(row_targets(task, rows, rule), std::back_inserter(targets));
    } else {
      targets.push_back(task_target(task, rows, rule));
    }
  }
  return targets;
}

/// Those of which the file has no text that was made from the same.
std::vector<Target> missing_targets(std::vector<Target> targets, const Descriptions& known,
                                    const DescriptionSource& source) {
  std::vector<Target> missing;
  for (Target& target : targets) {
    target.origin = source.origin(target.request);
    target.key = description_key(target.request, target.origin);
    const Description* before = known.find(target.request.name, target.row);
    if (before == nullptr || before->made_from != target.key) missing.push_back(std::move(target));
  }
  return missing;
}

/// Has the cache contain a text for every target; equal requests are made once.
void fill_cache(ResponseCache& cache, const std::vector<Target>& targets, DescriptionSource& source,
                const DescribeSettings& settings) {
  std::vector<DescriptionRequest> requests;
  std::vector<std::string> keys;
  std::set<std::string> asked;
  for (const Target& target : targets) {
    if (cache.find(target.key) != nullptr || !asked.insert(target.key).second) continue;
    requests.push_back(target.request);
    keys.push_back(target.key);
  }
  log_info(fmt::format("{} missing, {} to make", targets.size(), keys.size()));
  Progress progress("describe", std::ssize(keys), "texts");
  std::int64_t done = 0;
  describe_all(source, requests, settings.parallel, [&](std::size_t i, const std::string& text) {
    cache.put(keys[i], text);
    progress.update(++done);
  });
  progress.finish();
}

/// The line of a row has no prompt and no examples: both are the row.
Description described(const Target& target, const std::string& text) {
  Description description{.task = target.request.name,
                          .row = target.row,
                          .text = text,
                          .source = target.origin.source,
                          .model = target.origin.model,
                          .made_from = target.key};
  if (target.row) return description;
  description.prompt = target.origin.prompt;
  description.examples = shown_inputs(target.request.examples);
  return description;
}

void write_missing(const fs::path& out, const fs::path& partial, Descriptions known, const std::vector<Target>& missing,
                   DescriptionSource& source, const DescribeSettings& settings) {
  const RunLock lock(partial);
  const fs::path answers = partial / "answers.jsonl";
  ResponseCache cache(answers);
  fill_cache(cache, missing, source, settings);
  for (const Target& target : missing) known.put(described(target, *cache.find(target.key)));
  known.write(out);
  fs::remove(answers);
}

}  // namespace

void describe_targets(const DescribeSettings& settings) {
  const std::vector<std::string> tasks = split_at_commas(settings.tasks);
  const Suite suite = chosen_suite({.suite = *settings.suite,
                                    .data_dir = settings.data_dir,
                                    .tasks = tasks,
                                    .allow_missing = settings.allow_missing});
  std::vector<std::string> names;
  for (const Task& task : suite.tasks) names.push_back(task.name);
  const fs::path out = full_path(*settings.out);
  if (fs::is_directory(out)) refuse_usage("--out", *settings.out + " is a directory", "a file");
  const Descriptions known = is_file(out) ? Descriptions::read(out) : Descriptions();
  std::vector<Target> targets = targets_of(suite, settings);
  const std::unique_ptr<DescriptionSource> source = make_description_source(settings, names);
  const std::vector<Target> missing = missing_targets(std::move(targets), known, *source);
  if (missing.empty()) return log_info(*settings.out + " is finished");
  const fs::path partial = out.string() + ".partial";
  write_missing(out, partial, known, missing, *source, settings);
  std::error_code ignored;
  fs::remove(partial, ignored);  // where an earlier run, which was stopped, made it
  log_info("wrote " + *settings.out);
}

}  // namespace phatgoose
