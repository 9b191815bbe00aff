// T5's pretraining objectives on a chunk of tokens (arXiv 1910.10683, section 3.1.4; the construction of the noise mask
// is that of the T5 code, random_spans_noise_mask).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/base/random.h"
#include "phatgoose/data/records.h"

namespace phatgoose {

struct SpanCorruption {
  double noise_density = 0.15;
  double mean_span = 3;
};

/// Lengths that go together under span corruption.
struct SpanLengths {
  std::int64_t chunk;   ///< tokens of the uncorrupted text
  std::int64_t input;   ///< kept tokens, one sentinel a span, EOS
  std::int64_t target;  ///< noise tokens, one sentinel a span, EOS
  std::int64_t spans;
};

SpanLengths span_lengths_of_chunk(std::int64_t chunk, const SpanCorruption& settings);
/// The longest chunk whose input fits in `input_length`.
SpanLengths span_lengths_of_input(std::int64_t input_length, const SpanCorruption& settings);

/// true at the tokens to be masked. Spans alternate, the first kept and the last masked; `length` >= 2.
std::vector<bool> noise_mask(std::int64_t length, const SpanCorruption& settings, RandomStream& random);

/// Input: every masked span replaced by a sentinel, in order from <extra_id_0>. Target: every kept span replaced by a
/// sentinel. Both end with EOS.
Example corrupt_spans(std::span<const TokenId> chunk, const std::vector<bool>& mask, const Tokenizer& tokenizer);

/// Input: the tokens before `place`; target: the rest. Both end with EOS.
Example split_at(std::span<const TokenId> chunk, std::size_t place);

/// Input: the first 1 ... length - 1 tokens (uniform), as split_at().
Example split_prefix(std::span<const TokenId> chunk, RandomStream& random);

}  // namespace phatgoose
