// config.json of NomicBERT (arXiv 2402.01613): rotary positions, a gated feed-forward, no biases.
#pragma once

#include "phatgoose/base/json.h"
#include "phatgoose/embed/encoder_config.h"

namespace phatgoose {

/// Reads either spelling: the publisher's, in GPT-2's words (n_embd), or that of transformers (hidden_size). Variants
/// that have never been published as text encoders, and mixtures of experts, are bad_data.
EncoderConfig parse_nomic(const Json& json);

}  // namespace phatgoose
