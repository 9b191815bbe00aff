#include "phatgoose/train/pretrain_source.h"

#include <charconv>
#include <cmath>

namespace phatgoose {

TextSource parse_text_source(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos) {
    double weight = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, weight);
    if (error == std::errc() && stop == end && weight > 0 && std::isfinite(weight)) {
      return {.files = {text.substr(0, colon)}, .weight = weight};
    }
  }
  return {.files = {text}};
}

PretrainSource::PretrainSource(TextStream span, TextStream lm, std::int64_t span_steps, std::int64_t batch)
    : span_(std::move(span)), lm_(std::move(lm)), span_steps_(span_steps), batch_(batch) {}

std::vector<Example> PretrainSource::next() {
  TextStream& stream = step_ < span_steps_ ? span_ : lm_;
  std::vector<Example> batch;
  for (std::int64_t i = 0; i < batch_; ++i) batch.push_back(stream.next());
  ++step_;
  return batch;
}

Json PretrainSource::position() const {
  return {{"step", step_}, {"span_corruption", span_.position()}, {"prefix_lm", lm_.position()}};
}

void PretrainSource::seek(const Json& position) {
  in("place in the text", [&] {
    step_ = json_get<std::int64_t>(position, "step");
    span_.restore(json_get<Json>(position, "span_corruption"));
    lm_.restore(json_get<Json>(position, "prefix_lm"));
  });
}

}  // namespace phatgoose
