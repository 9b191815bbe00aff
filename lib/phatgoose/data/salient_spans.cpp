#include "phatgoose/data/salient_spans.h"

#include <algorithm>

#include "phatgoose/data/span_corruption.h"
#include "phatgoose/text/marked_text.h"

namespace phatgoose {

MarkedTokens encode_marked(std::string_view line, const Tokenizer& tokenizer, std::int64_t max_tokens) {
  const MarkedText marked = parse_marked(line);
  std::vector<TextToken> tokens = tokenizer.encode_with_places(marked.text);
  MarkedTokens result;
  result.cut = static_cast<std::int64_t>(tokens.size()) > max_tokens;
  if (result.cut) tokens.resize(static_cast<std::size_t>(max_tokens));
  for (const TextToken& token : tokens) result.ids.push_back(token.id);
  for (const auto& span : marked.spans) {
    const auto first = std::ranges::find_if(tokens, [&](const TextToken& token) { return token.end > span.first; });
    const auto last =
        std::find_if(first, tokens.end(), [&](const TextToken& token) { return token.begin >= span.second; });
    if (first != last) result.spans.emplace_back(first - tokens.begin(), last - tokens.begin());
  }
  return result;
}

std::vector<bool> salient_mask(const MarkedTokens& marked, double share, RandomStream& random) {
  std::vector<bool> mask(marked.ids.size(), false);
  const std::size_t always = random.below(marked.spans.size());
  int sentinels = kSentinelCount - 1;  // and one for `always`
  for (std::size_t i = 0; i < marked.spans.size(); ++i) {
    const bool chosen = random.uniform() < share && sentinels-- > 0;
    const auto [begin, end] = marked.spans[i];
    if (chosen || i == always) std::fill_n(mask.begin() + static_cast<std::ptrdiff_t>(begin), end - begin, true);
  }
  return mask;
}

Example split_at_span(const MarkedTokens& marked, RandomStream& random) {
  return split_at(marked.ids, std::max<std::size_t>(marked.spans[random.below(marked.spans.size())].first, 1));
}

}  // namespace phatgoose
