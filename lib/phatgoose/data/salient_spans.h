// Salient span masking: pretraining examples whose masked spans are those that a text marks (text/marked_text.h), such
// as names and facts, so that what is to be predicted can be known.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "phatgoose/base/random.h"
#include "phatgoose/data/records.h"

namespace phatgoose {

struct MarkedTokens {
  TokenIds ids;
  std::vector<std::pair<std::size_t, std::size_t>> spans;  ///< [begin, end) of `ids`, in order
  bool cut = false;                                        ///< the line has more tokens
};

/// The first `max_tokens` tokens of a line, and its marked spans among them: the tokens that hold a byte of the span.
/// Malformed marks: bad_data.
MarkedTokens encode_marked(std::string_view line, const Tokenizer& tokenizer, std::int64_t max_tokens);

/// true at the tokens of masked spans: every span with probability `share`, and one drawn evenly in any case; no more
/// than there are sentinels. `marked` has at least one span.
std::vector<bool> salient_mask(const MarkedTokens& marked, double share, RandomStream& random);

/// LM adaptation: input up to a span drawn evenly, target from there on; not the first token. Both end with EOS.
Example split_at_span(const MarkedTokens& marked, RandomStream& random);

}  // namespace phatgoose
