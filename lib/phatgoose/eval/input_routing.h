// Scores of whole inputs by expert, for routed models that look at inputs as a whole (METHODS 4, retrieval; 5).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

/// What there is to look at.
struct WholeInput {
  std::string text;  ///< for routers that describe, a description of the input or its task; else its retrieval_text()
  TokenIds ids;      ///< as the model reads it
};

class InputRouting {
 public:
  virtual ~InputRouting() = default;

  /// One score for each expert per input; RowContext::expert_scores.
  std::vector<std::vector<float>> scores(std::span<const WholeInput> inputs) const;

  /// Whether a sentence encoder does not see the end of the text, of which it looks at max_length() tokens.
  virtual bool cuts(const std::string& /*text*/) const { return false; }
  virtual std::int64_t max_length() const { return 0; }

 private:
  virtual at::Tensor scored(std::span<const WholeInput> inputs) const = 0;  // [n, E] fp32 on the CPU
};

/// Null where the router looks at no inputs. `encoder`: directory of the sentence encoder; none: the base's encoder
/// mean. It must be the one that the experts' examples or descriptions were embedded with: bad_data. `model` and
/// `routed` must outlive the result; `tokenizer` may be null where an encoder is given, or none needed.
std::unique_ptr<InputRouting> make_input_routing(const T5Model& model, const RoutedModel& routed,
                                                 const std::optional<std::string>& encoder, const Tokenizer* tokenizer,
                                                 const std::string& base_fingerprint);

}  // namespace phatgoose
