#include "phatgoose/describe/model_source.h"

#include "phatgoose/describe/description_prompt.h"
#include "phatgoose/describe/description_text.h"

namespace phatgoose {

ModelSource::ModelSource(ChatSettings settings, std::int64_t most_characters)
    : settings_(settings), most_characters_(most_characters), client_(std::move(settings)) {}

std::string ModelSource::describe(const DescriptionRequest& request) {
  return in(request.subject, [&] {
    const std::string answer = client_.answer(description_prompt(request.examples));
    return in("the answer of " + settings_.model, [&] { return checked_description(answer, most_characters_); });
  });
}

DescriptionOrigin ModelSource::origin(const DescriptionRequest& request) const {
  return {.source = "model",
          .model = settings_.model,
          .prompt = description_prompt(request.examples),
          .settings = {{"max_tokens", settings_.max_tokens}, {"temperature", settings_.temperature}}};
}

}  // namespace phatgoose
