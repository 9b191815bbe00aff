// Scores of whole inputs by expert, for routed models that look at inputs as a whole (METHODS 4, retrieval).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/embed/sentence_encoder.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

class InputRouting {
 public:
  /// `encoder`: directory of the sentence encoder; none: the base's encoder mean. It must be the one that the experts'
  /// examples were embedded with: bad_data. `model` and `routed` must outlive this; `tokenizer` may be null where an
  /// encoder is given.
  InputRouting(const T5Model& model, const RoutedModel& routed, const std::optional<std::string>& encoder,
               const Tokenizer* tokenizer, const std::string& base_fingerprint);

  /// One score for each expert per text, which retrieval_text() makes of a row.
  std::vector<std::vector<float>> scores(std::span<const std::string> texts) const;
  std::int64_t max_length() const { return encoder_->max_length(); }  ///< tokens of a text that the encoder looks at
  /// Whether the encoder does not see the end of the text.
  bool cuts(const std::string& text) const;

 private:
  const RoutedModel& routed_;
  std::unique_ptr<SentenceEncoder> encoder_;
};

}  // namespace phatgoose
