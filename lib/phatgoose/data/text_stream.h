// Endless examples from plain text for pretraining: files are streamed, several sources are mixed by weight, and the
// place can be saved and restored exactly.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/data/records.h"
#include "phatgoose/data/span_corruption.h"

namespace phatgoose {

/// Text files, plain or .gz, one document a line, read one after the other and over again.
struct TextSource {
  std::vector<fs::path> files;
  double weight = 1;  ///< share of examples, relative to the other sources
};

enum class TextObjective {
  span_corruption,  ///< T5 pretraining (data/span_corruption.h)
  prefix_lm,        ///< LM adaptation: a random prefix is the input, the rest the target
};

struct TextStreamOptions {
  TextObjective objective = TextObjective::span_corruption;
  std::int64_t input_length = 512;  ///< span corruption: tokens of every input, EOS included;
                                    ///< prefix LM: tokens of input and target together, both EOS included
  SpanCorruption corruption = {};
  /// Every line is an example of its own, cut to `input_length`; its spans are marked (data/salient_spans.h).
  std::optional<double> salient = std::nullopt;
  std::uint64_t seed = 0;
  std::size_t max_line_bytes = kMaxLineBytes;  ///< of what is read at once: lines, or the parts of very long ones
};

/// Documents of a source are joined and cut into chunks of equal length, as in T5. Example n is a pure function of the
/// sources, the options and n.
class TextStream {
 public:
  /// Missing, unreadable or empty files: bad_data. `tokenizer` must outlive the stream.
  TextStream(std::vector<TextSource> sources, const Tokenizer& tokenizer, const TextStreamOptions& options);
  ~TextStream();
  TextStream(TextStream&&) noexcept;

  Example next();
  std::int64_t count() const;  ///< examples given so far

  /// The place in the stream, small; restore() continues from there exactly. A position of other sources: bad_data.
  Json position() const;
  void restore(const Json& position);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phatgoose
