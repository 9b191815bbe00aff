#include "phatgoose/jobs/description_source.h"

#include <fmt/format.h>

#include "phatgoose/base/error.h"
#include "phatgoose/describe/given_texts.h"
#include "phatgoose/describe/model_source.h"
#include "phatgoose/describe/rule_source.h"

namespace phatgoose {
namespace {

std::unique_ptr<DescriptionSource> given_source(const DescribeSettings& settings,
                                                const std::vector<std::string>& names) {
  if (settings.texts) return std::make_unique<GivenTexts>(*settings.texts, names);
  if (names.size() > 1) {
    refuse_usage("--text", fmt::format("one text for {}", names.size()), "one expert or task", "--texts has several");
  }
  return std::make_unique<GivenTexts>(names.front(), *settings.text);
}

}  // namespace

std::unique_ptr<DescriptionSource> make_description_source(const DescribeSettings& settings,
                                                           const std::vector<std::string>& names) {
  using Source = DescribeSettings::Source;
  switch (settings.text_source()) {
    case Source::given:
      return given_source(settings, names);
    case Source::rule:
      return std::make_unique<RuleSource>();
    case Source::model:
      break;
  }
  return std::make_unique<ModelSource>(ChatSettings{.endpoint = *settings.endpoint,
                                                    .model = *settings.llm,
                                                    .max_tokens = settings.max_tokens,
                                                    .temperature = settings.temperature,
                                                    .timeout = settings.timeout,
                                                    .retries = settings.retries,
                                                    .requests_per_minute = settings.requests_per_minute},
                                       settings.max_characters);
}

ShowingRule showing_rule(const DescribeSettings& settings, bool targets) {
  return {.examples = settings.examples,
          .seed = settings.common.seed,
          .length = settings.example_length,
          .targets = targets};
}

}  // namespace phatgoose
