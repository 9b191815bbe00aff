// Greedy generation with cached keys and values.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/eval/encoder_cache.h"
#include "phatgoose/nn/t5_model.h"

namespace phatgoose {

/// For each input the most likely next token again and again, until EOS (which is part of the result) or
/// `max_new_tokens` tokens. All inputs are computed together as one batch; rows that have finished leave it. Results in
/// the order of the inputs. Equal maxima: the lower id. No gradients. `encoder`: as in ScoringPasses.
std::vector<TokenIds> generate_greedy(const T5Model& model, const PackedIds& inputs, std::int64_t max_new_tokens,
                                      EncoderCache* encoder = nullptr);

}  // namespace phatgoose
