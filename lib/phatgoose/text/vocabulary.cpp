#include "phatgoose/text/vocabulary.h"

#include <sentencepiece_trainer.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "phatgoose/base/error.h"
#include "phatgoose/text/line_reader.h"
#include "phatgoose/text/marked_text.h"

namespace phatgoose {
namespace {

constexpr std::size_t kPartBytes = 1 << 14;  // longer lines are cut into several, for the trainer skips them

/// Feeds the lines of several files to the trainer.
class FileLines : public sentencepiece::SentenceIterator {
 public:
  FileLines(const std::vector<fs::path>& files, const VocabularyOptions& options)
      : files_(files), left_(options.max_lines), max_line_bytes_(options.max_line_bytes), marked_(options.marked) {
    Next();
  }

  bool done() const override { return done_; }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

  void Next() override {
    do {
      done_ = left_ == 0 || !read_line();
    } while (!done_ && line_.empty());
    if (done_) return;
    --left_;
    if (marked_) line_ = in(reader_->where(), [&] { return parse_marked(line_).text; });
  }

 private:
  bool read_line() {
    while (true) {
      if (reader_ != nullptr && reader_->next(line_, kPartBytes)) return true;
      if (next_file_ == files_.size()) return false;
      reader_ = std::make_unique<LineReader>(files_[next_file_++], max_line_bytes_);
    }
  }

  const std::vector<fs::path>& files_;
  std::int64_t left_;
  std::size_t max_line_bytes_;
  std::size_t next_file_ = 0;
  std::unique_ptr<LineReader> reader_;
  std::string line_;
  bool marked_;
  bool done_ = false;
};

}  // namespace

void train_vocabulary(const std::vector<fs::path>& files, const VocabularyOptions& options, const fs::path& out) {
  const std::unordered_map<std::string, std::string> arguments = {
      {"model_type", "unigram"},
      {"vocab_size", std::to_string(options.pieces)},
      {"character_coverage", std::to_string(options.character_coverage)},
      {"normalization_rule_name", "nmt_nfkc"},
      {"pad_id", "0"},
      {"eos_id", "1"},
      {"unk_id", "2"},
      {"bos_id", "-1"},
      {"byte_fallback", "false"},
      {"max_sentence_length", std::to_string(2 * kPartBytes)},
      {"num_threads", "1"},  // the result depends on how the sentences are shared out
      {"minloglevel", "3"},
  };
  FileLines lines(files, options);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(arguments, &lines, &model);
  if (!status.ok() || model.empty()) {
    refuse(files.empty() ? "text" : files.front().string(),
           "no vocabulary of " + std::to_string(options.pieces) + " pieces can be trained: " + status.ToString(),
           "more text, or fewer pieces");
  }
  make_directories(out);
  write_file(out / "spiece.model", model);
}

}  // namespace phatgoose
