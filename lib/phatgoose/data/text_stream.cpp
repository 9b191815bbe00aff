#include "phatgoose/data/text_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/random.h"
#include "phatgoose/data/salient_spans.h"
#include "phatgoose/text/line_reader.h"

namespace phatgoose {
namespace {

// Substreams of RandomStream(seed, example).
constexpr std::uint32_t kSourceChoice = 0;
constexpr std::uint32_t kNoise = 1;

constexpr std::size_t kMaxDocumentBytes = 1 << 18;  // longer lines are read in parts

/// The tokens of one source, without end: its files one after the other, then again from the first.
///
/// Its place is that of the document being consumed: file, byte offset of its line, and how many of its tokens are
/// already given out.
class TokenSource {
 public:
  /// `line_limit`: documents are lines with marks, of which so many tokens count.
  TokenSource(TextSource source, const Tokenizer& tokenizer, std::optional<std::int64_t> line_limit,
              std::size_t max_line_bytes)
      : source_(std::move(source)), tokenizer_(&tokenizer), line_limit_(line_limit), max_line_bytes_(max_line_bytes) {
    if (source_.files.empty() || !(source_.weight > 0)) {
      refuse_usage("text source", source_.files.empty() ? "no files" : "weight " + std::to_string(source_.weight),
                   "files, and a weight above 0");
    }
    for (const fs::path& file : source_.files) LineReader{file};  // a missing file shows now, not hours later
    open(0);
  }

  double weight() const { return source_.weight; }

  /// The next line, whole.
  MarkedTokens take_line() {
    next_document();
    if (document_.size() < 2) {
      refuse(source_.files[file_], "a line of one token: " + line_, "at least two tokens: every line is an example");
    }
    used_ = document_.size();
    return {std::move(document_), std::move(spans_)};
  }

  TokenIds take(std::int64_t count) {
    TokenIds chunk;
    while (static_cast<std::int64_t>(chunk.size()) < count) {
      if (used_ == document_.size()) next_document();
      const std::size_t more = std::min(document_.size() - used_, static_cast<std::size_t>(count) - chunk.size());
      const auto begin = document_.begin() + static_cast<std::ptrdiff_t>(used_);
      chunk.insert(chunk.end(), begin, begin + static_cast<std::ptrdiff_t>(more));
      used_ += more;
    }
    return chunk;
  }

  Json position() const { return {{"file", file_}, {"offset", offset_}, {"tokens", used_}}; }

  void restore(const Json& position) {
    const auto file = json_get<std::uint64_t>(position, "file");
    const auto used = json_get<std::uint64_t>(position, "tokens");
    const auto offset = json_get<std::int64_t>(position, "offset");
    const auto check = [](bool is_there, const std::string& what) {
      if (!is_there) refuse_here(what + ", which is not in the text", "the text files that the run began with");
    };
    check(file < source_.files.size(), "file number " + std::to_string(file));
    open(file);
    reader_->seek(offset);
    document_.clear();
    used_ = 0;
    offset_ = offset;
    if (used == 0) return;
    check(read_line(), "byte " + std::to_string(offset));
    check(used <= document_.size(), std::to_string(used) + " tokens of a document");
    used_ = used;
  }

 private:
  void open(std::size_t file) {
    reader_.emplace(source_.files[file], max_line_bytes_);
    file_ = file;
  }

  /// Makes the next line the document; false at the end of the file.
  bool read_line() {
    offset_ = reader_->offset();
    used_ = 0;
    if (!reader_->next(line_, kMaxDocumentBytes)) return false;
    if (line_limit_) {
      const std::string file = source_.files[file_].string();
      MarkedTokens marked = in(file, [&] { return encode_marked(line_, *tokenizer_, *line_limit_); });
      if (marked.cut && !std::exchange(said_cut_, true)) {
        log_warning(fmt::format("{}: long lines are cut to {} tokens; their ends are lost", file, *line_limit_));
      }
      document_ = std::move(marked.ids);
      spans_ = std::move(marked.spans);
    } else {
      document_ = tokenizer_->encode(line_);
    }
    return true;
  }

  /// The next document that has tokens.
  void next_document() {
    document_.clear();
    for (std::size_t ends = 0; document_.empty();) {
      if (read_line()) continue;
      if (++ends > source_.files.size()) {
        refuse(source_.files.front(), "no text", "lines of text");
      }
      open((file_ + 1) % source_.files.size());
    }
  }

  TextSource source_;
  const Tokenizer* tokenizer_;
  std::optional<LineReader> reader_;
  std::size_t file_ = 0;
  std::int64_t offset_ = 0;  // of the document's line
  std::optional<std::int64_t> line_limit_;
  std::size_t max_line_bytes_;
  bool said_cut_ = false;
  std::string line_;  // the document
  TokenIds document_;
  std::vector<std::pair<std::size_t, std::size_t>> spans_;  // of document_, where lines are marked
  std::size_t used_ = 0;                                    // tokens of the document
};

}  // namespace

struct TextStream::Impl {
  std::vector<TokenSource> sources;
  const Tokenizer& tokenizer;
  TextStreamOptions options;
  std::int64_t chunk_length = 0;
  std::int64_t count = 0;

  Impl(const Tokenizer& text_tokenizer, const TextStreamOptions& stream_options)
      : tokenizer(text_tokenizer), options(stream_options) {}

  TokenSource& source_of(std::int64_t example) {
    double total = 0;
    for (const TokenSource& source : sources) total += source.weight();
    RandomStream random(options.seed, static_cast<std::uint64_t>(example), kSourceChoice);
    double place = random.uniform() * total;
    for (TokenSource& source : sources) {
      place -= source.weight();
      if (place < 0) return source;
    }
    return sources.back();  // rounding
  }

  Example marked_example(const MarkedTokens& marked, RandomStream& random) const;
};

TextStream::TextStream(std::vector<TextSource> sources, const Tokenizer& tokenizer, const TextStreamOptions& options)
    : impl_(std::make_unique<Impl>(tokenizer, options)) {
  if (sources.empty()) {
    refuse_usage("text", "no source", "at least one");
  }
  if (options.objective == TextObjective::span_corruption) {
    impl_->chunk_length = span_lengths_of_input(options.input_length, options.corruption).chunk;
  } else {
    impl_->chunk_length = options.input_length - 2;  // without the two EOS
    if (impl_->chunk_length < 2) {
      refuse_usage("prefix LM", "length " + std::to_string(options.input_length), "at least 4 tokens");
    }
  }
  const std::optional<std::int64_t> line_limit =
      options.salient ? std::optional(options.input_length - 1) : std::nullopt;
  for (TextSource& source : sources) {
    impl_->sources.emplace_back(std::move(source), tokenizer, line_limit, options.max_line_bytes);
  }
}

/// A line without any mark is treated as a chunk is.
Example TextStream::Impl::marked_example(const MarkedTokens& marked, RandomStream& random) const {
  if (options.objective == TextObjective::prefix_lm) {
    return marked.spans.empty() ? split_prefix(marked.ids, random) : split_at_span(marked, random);
  }
  const std::vector<bool> mask =
      marked.spans.empty() ? noise_mask(static_cast<std::int64_t>(marked.ids.size()), options.corruption, random)
                           : salient_mask(marked, *options.salient, random);
  return corrupt_spans(marked.ids, mask, tokenizer);
}

TextStream::~TextStream() = default;
TextStream::TextStream(TextStream&&) noexcept = default;

Example TextStream::next() {
  Impl& self = *impl_;
  TokenSource& source = self.source_of(self.count);
  RandomStream random(self.options.seed, static_cast<std::uint64_t>(self.count), kNoise);
  ++self.count;
  if (self.options.salient) return self.marked_example(source.take_line(), random);
  const TokenIds chunk = source.take(self.chunk_length);
  if (self.options.objective == TextObjective::prefix_lm) return split_prefix(chunk, random);
  return corrupt_spans(chunk, noise_mask(self.chunk_length, self.options.corruption, random), self.tokenizer);
}

std::int64_t TextStream::count() const { return impl_->count; }

Json TextStream::position() const {
  Json places = Json::array();
  for (const TokenSource& source : impl_->sources) places.push_back(source.position());
  return {{"count", impl_->count}, {"sources", std::move(places)}};
}

void TextStream::restore(const Json& position) {
  const Json places = json_get<Json>(position, "sources");
  if (!places.is_array() || places.size() != impl_->sources.size()) {
    refuse_here("a place in " + std::to_string(places.size()) + " sources", std::to_string(impl_->sources.size()),
                "resume with the text that the run began with");
  }
  impl_->count = json_get<std::int64_t>(position, "count");
  for (std::size_t i = 0; i < places.size(); ++i) impl_->sources[i].restore(places[i]);
}

}  // namespace phatgoose
