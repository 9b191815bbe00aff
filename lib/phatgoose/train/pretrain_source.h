// Examples of pretraining: span corruption for the first steps, LM adaptation for the rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phatgoose/data/text_stream.h"
#include "phatgoose/train/example_source.h"

namespace phatgoose {

/// FILE or FILE:WEIGHT. A colon that no positive number follows belongs to the file's name.
TextSource parse_text_source(const std::string& text);

class PretrainSource : public ExampleSource {
 public:
  /// Steps of `batch` examples each; those from step `span_steps` on come from `lm`.
  PretrainSource(TextStream span, TextStream lm, std::int64_t span_steps, std::int64_t batch);

  std::vector<Example> next() override;
  Json position() const override;
  void seek(const Json& position) override;

 private:
  TextStream span_, lm_;
  std::int64_t span_steps_, batch_;
  std::int64_t step_ = 0;
};

}  // namespace phatgoose
