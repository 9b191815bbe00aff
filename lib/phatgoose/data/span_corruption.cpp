#include "phatgoose/data/span_corruption.h"

#include <algorithm>
#include <cmath>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

/// Rounds halves to even, as Python and TensorFlow do.
std::int64_t rounded(double value) { return static_cast<std::int64_t>(std::nearbyint(value)); }

/// Cuts `items` things into `segments` runs of at least one, every such cut equally likely.
std::vector<std::int64_t> random_segmentation(std::int64_t items, std::int64_t segments, RandomStream& random) {
  // A segment begins at item 0 and at `segments` - 1 of the other items, drawn without replacement.
  std::vector<char> begins(static_cast<std::size_t>(items - 1), 0);
  std::fill_n(begins.begin(), segments - 1, 1);
  for (std::size_t i = begins.size(); i > 1; --i) std::swap(begins[i - 1], begins[random.below(i)]);
  std::vector<std::int64_t> lengths = {1};
  for (const char begin : begins) {
    if (begin != 0) lengths.push_back(0);
    ++lengths.back();
  }
  return lengths;
}

/// `chunk` with every run where `mask` equals `masked` replaced by one sentinel, and EOS at the end.
TokenIds with_sentinels(std::span<const TokenId> chunk, const std::vector<bool>& mask, bool masked,
                        const Tokenizer& tokenizer) {
  TokenIds ids;
  int next_sentinel = 0;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (mask[i] != masked) {
      ids.push_back(chunk[i]);
    } else if (i == 0 || mask[i - 1] != masked) {
      ids.push_back(tokenizer.sentinel(next_sentinel++));
    }
  }
  ids.push_back(kEosId);
  return ids;
}

}  // namespace

SpanLengths span_lengths_of_chunk(std::int64_t chunk, const SpanCorruption& settings) {
  const std::int64_t noise =
      std::clamp<std::int64_t>(rounded(static_cast<double>(chunk) * settings.noise_density), 1, chunk - 1);
  const std::int64_t wanted = rounded(static_cast<double>(noise) / settings.mean_span);
  const std::int64_t spans = std::clamp<std::int64_t>(wanted, 1, std::min(noise, chunk - noise));
  return {.chunk = chunk, .input = chunk - noise + spans + 1, .target = noise + spans + 1, .spans = spans};
}

SpanLengths span_lengths_of_input(std::int64_t input_length, const SpanCorruption& settings) {
  // A longer chunk never has a shorter input, and a chunk of input_length - 1 tokens fits (a span is not longer after
  // being replaced).
  SpanLengths lengths = span_lengths_of_chunk(std::max<std::int64_t>(input_length - 1, 2), settings);
  if (lengths.input > input_length) {
    refuse_usage("span corruption", "input length " + std::to_string(input_length),
                 "at least " + std::to_string(lengths.input));
  }
  for (SpanLengths longer = lengths; longer.input <= input_length;) {
    lengths = longer;
    longer = span_lengths_of_chunk(longer.chunk + 1, settings);
  }
  if (lengths.spans > kSentinelCount) {
    refuse_usage("span corruption",
                 std::to_string(lengths.spans) + " spans in an input of " + std::to_string(input_length) + " tokens",
                 "at most " + std::to_string(kSentinelCount) + ", one for each sentinel", "shorten the input");
  }
  return lengths;
}

std::vector<bool> noise_mask(std::int64_t length, const SpanCorruption& settings, RandomStream& random) {
  const SpanLengths lengths = span_lengths_of_chunk(length, settings);
  const std::int64_t noise = lengths.target - lengths.spans - 1;
  const std::vector<std::int64_t> masked = random_segmentation(noise, lengths.spans, random);
  const std::vector<std::int64_t> kept = random_segmentation(length - noise, lengths.spans, random);
  std::vector<bool> mask;
  mask.reserve(static_cast<std::size_t>(length));
  for (std::size_t span = 0; span < kept.size(); ++span) {
    mask.insert(mask.end(), static_cast<std::size_t>(kept[span]), false);
    mask.insert(mask.end(), static_cast<std::size_t>(masked[span]), true);
  }
  return mask;
}

Example corrupt_spans(std::span<const TokenId> chunk, const std::vector<bool>& mask, const Tokenizer& tokenizer) {
  return {.input = with_sentinels(chunk, mask, true, tokenizer),
          .target = with_sentinels(chunk, mask, false, tokenizer)};
}

Example split_at(std::span<const TokenId> chunk, std::size_t place) {
  const auto split = chunk.begin() + static_cast<std::ptrdiff_t>(place);
  Example example{.input = TokenIds(chunk.begin(), split), .target = TokenIds(split, chunk.end())};
  example.input.push_back(kEosId);
  example.target.push_back(kEosId);
  return example;
}

Example split_prefix(std::span<const TokenId> chunk, RandomStream& random) {
  return split_at(chunk, 1 + random.below(chunk.size() - 1));
}

}  // namespace phatgoose
