#include "phatgoose/jobs/expert_texts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/data/records.h"
#include "phatgoose/describe/describe_all.h"
#include "phatgoose/jobs/description_source.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/expert_description.h"
#include "phatgoose/store/expert_examination.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

constexpr const char* kNamePlace = "{name}";

/// The expert's files of --data.
std::vector<std::string> data_of(const std::string& expert, const DescribeSettings& settings, bool several) {
  std::vector<std::string> files;
  for (std::string file : settings.data) {
    if (several && file.find(kNamePlace) == std::string::npos) {
      refuse_usage("--data", fmt::format("{} for several experts", file), "a path with {name}, the name of each");
    }
    replace_all(file, kNamePlace, expert);
    files.push_back(std::move(file));
  }
  return files;
}

std::vector<ShownExample> drawn_from(const std::vector<std::string>& files, const DescribeSettings& settings) {
  const RowReadingSettings& reading = settings.reading;
  std::vector<Record> records;
  for (const std::string& file : files) {
    SkippedRows skipped;
    std::vector<Record> more = read_records(file, reading.line_limit(), reading.skip_bad_rows ? &skipped : nullptr);
    std::ranges::move(more, std::back_inserter(records));
  }
  return in(fmt::format("{}", fmt::join(files, ", ")),
            [&] { return draw_examples(records, showing_rule(settings, /*targets=*/true)); });
}

bool is_among(const fs::path& directory, const std::vector<ExpertDirectory>& experts) {
  return std::ranges::any_of(experts,
                             [&](const ExpertDirectory& expert) { return fs::equivalent(directory, expert.path()); });
}

/// What is known of the experts of a library besides `described`.
std::vector<std::vector<std::string>> known_of(const std::string& library,
                                               const std::vector<ExpertDirectory>& described) {
  std::vector<std::vector<std::string>> known;
  std::vector<std::string> unknown;
  for (const fs::path& directory : experts_in(library)) {
    if (is_among(directory, described)) continue;
    const std::optional<ExpertDescription> description = read_description(directory);
    if (!description) {
      unknown.push_back(directory.filename().string());
      continue;
    }
    known.push_back(description->examples);
    known.back().push_back(description->text);
  }
  if (!unknown.empty()) {
    log_warning(fmt::format("{}: without a description, and not considered: {}", library, fmt::join(unknown, ", ")));
  }
  return known;
}

/// Every expert is told from those of the same command, and from those of --apart-from.
void add_others(std::vector<DescriptionRequest>& requests, const DescribeSettings& settings,
                const std::vector<ExpertDirectory>& experts) {
  if (settings.text_source() != DescribeSettings::Source::rule) return;
  const std::vector<std::vector<std::string>> known =
      settings.apart_from ? known_of(*settings.apart_from, experts) : std::vector<std::vector<std::string>>();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].others = known;
    for (std::size_t j = 0; j < requests.size(); ++j) {
      if (j != i) requests[i].others.push_back(shown_inputs(requests[j].examples));
    }
  }
}

ExpertDescription expert_description(const DescriptionRequest& request, const DescriptionSource& source,
                                     const DescribeSettings& settings, const std::vector<std::string>& files) {
  const DescriptionOrigin origin = source.origin(request);
  ExpertDescription description{.text = {}, .source = origin.source, .model = origin.model};
  if (!request.examples.empty() && !settings.without_examples) {
    description.prompt = origin.prompt;
    description.examples = shown_inputs(request.examples);
  }
  if (!request.examples.empty()) {
    description.settings = origin.settings;
    description.settings["examples"] = settings.examples;
    description.settings["example_length"] = settings.example_length;
    description.settings["seed"] = settings.common.seed;
    description.made_from["data"] = file_hashes(files);
  }
  description.made_from["request"] = description_key(request, origin);
  return description;
}

bool is_described(const fs::path& expert, const ExpertDescription& wanted) {
  const std::optional<ExpertDescription> found = read_description(expert);
  return found && found->made_from == wanted.made_from && found->examples == wanted.examples;
}

}  // namespace

void write_expert_texts(const DescribeSettings& settings, const std::vector<ExpertDirectory>& experts) {
  std::vector<std::string> names;
  std::vector<DescriptionRequest> requests;
  std::vector<std::vector<std::string>> files;
  for (const ExpertDirectory& expert : experts) {
    names.push_back(expert.name());
    files.push_back(data_of(expert.name(), settings, experts.size() > 1));
    requests.push_back({.name = expert.name(), .subject = "expert " + expert.name()});
    if (!files.back().empty()) requests.back().examples = drawn_from(files.back(), settings);
  }
  add_others(requests, settings, experts);
  const std::unique_ptr<DescriptionSource> source = make_description_source(settings, names);

  std::vector<DescriptionRequest> missing;
  std::vector<fs::path> places;
  std::vector<ExpertDescription> descriptions;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    ExpertDescription description = expert_description(requests[i], *source, settings, files[i]);
    if (is_described(experts[i].path(), description)) {
      log_info((experts[i].path() / kDescriptionFile).string() + " is finished");
      continue;
    }
    missing.push_back(requests[i]);
    places.push_back(experts[i].path());
    descriptions.push_back(std::move(description));
  }
  describe_all(*source, missing, settings.parallel, [&](std::size_t i, const std::string& text) {
    descriptions[i].text = text;
    write_description(places[i], descriptions[i]);
    log_info(fmt::format("{}: {}", (places[i] / kDescriptionFile).string(), text));
  });
}

}  // namespace phatgoose
