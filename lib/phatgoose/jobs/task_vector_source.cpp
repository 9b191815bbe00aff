#include "phatgoose/jobs/task_vector_source.h"

#include <ATen/ATen.h>

#include <map>

#include "phatgoose/base/error.h"
#include "phatgoose/data/row_encoder.h"
#include "phatgoose/embed/mean_input_states.h"
#include "phatgoose/embed/sentence_encoder.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/train/fisher_information.h"

namespace phatgoose {
namespace {

/// Inputs are compared among themselves.
constexpr TextRole kTaskInputRole = TextRole::plain;
constexpr std::size_t kTextsAtOnce = 64;

at::ScalarType dtype_of_base(const TaskVectorRecipe& recipe) {
  return recipe.base->dtype == "bf16" ? at::kBFloat16 : at::kFloat;
}

at::Tensor mean_over_rows(const at::Tensor& vectors) {  // [rows, D] -> [D]
  return vectors.mean(at::IntArrayRef{0}, false, at::kDouble);
}

/// The base's tokenizer, where it has one, and its vocabulary.
struct BaseIds {
  std::int64_t vocabulary;
  std::optional<Tokenizer> tokenizer;

  explicit BaseIds(const std::string& base)
      : vocabulary(read_t5_config(base).vocab_size), tokenizer(Tokenizer::of_base(base, vocabulary)) {}

  const Tokenizer* tokenizer_or_null() const { return tokenizer ? &*tokenizer : nullptr; }

  /// Calls work(row, encoder of its file) for every row, and says what becomes of the rows of each file.
  template <typename Work>
  void for_rows(const RowsOfTask& task, Work work) const {
    std::map<std::string, std::pair<RowEncoder, std::int64_t>> encoders;  // by file, with its number of rows
    for (const DrawnRow& row : task.rows) {
      auto& [encoder, count] =
          encoders.try_emplace(*row.file, RowEncoder(tokenizer_or_null(), vocabulary), 0).first->second;
      row.in_place([&] { work(row.record, encoder); });
      ++count;
    }
    for (const auto& [file, of_file] : encoders) of_file.first.notes().warn(file, of_file.second);
  }
};

class StateSource : public TaskVectorSource {
 public:
  StateSource(const std::string& base, const TaskVectorRecipe& recipe, std::int64_t pass_tokens, at::Device device)
      : ids_(base),
        model_(load_base(base, device, dtype_of_base(recipe))),
        max_input_(recipe.base->max_input),
        pass_tokens_(pass_tokens) {}

  void add(const RowsOfTask& task) override {
    std::vector<TokenIds>& inputs = inputs_.emplace_back();
    ids_.for_rows(
        task, [&](const Record& record, RowEncoder& encoder) { inputs.push_back(encoder.input(record, max_input_)); });
  }

  at::Tensor vector(std::size_t task, const AfterRows& after_rows) override {
    return mean_over_rows(mean_input_states(model_, inputs_.at(task), pass_tokens_, after_rows));  // [D]
  }

 private:
  BaseIds ids_;
  T5Model model_;
  std::int64_t max_input_, pass_tokens_;
  std::vector<std::vector<TokenIds>> inputs_;  // of every task
};

class SentenceSource : public TaskVectorSource {
 public:
  SentenceSource(const std::string& base, std::unique_ptr<SentenceEncoder> encoder)
      : ids_(base), encoder_(std::move(encoder)) {}

  void add(const RowsOfTask& task) override {
    std::vector<std::string>& texts = texts_.emplace_back();
    std::map<std::string, std::pair<RowNotes, std::int64_t>> notes;  // by file, with its number of rows
    for (const DrawnRow& row : task.rows) {
      row.in_place([&] { texts.push_back(text_of(row.record)); });
      auto& [of_file, count] = notes[*row.file];
      ++count;
      if (encoder_->cuts(texts.back(), kTaskInputRole)) {
        of_file.add(RowNote::cut_retrieval_text, row.record.line, encoder_->max_length());
      }
    }
    for (const auto& [file, of_file] : notes) of_file.first.warn(file, of_file.second);
  }

  at::Tensor vector(std::size_t task, const AfterRows& after_rows) override {
    const std::span<const std::string> texts = texts_.at(task);
    std::vector<at::Tensor> embeddings;
    for (std::size_t begin = 0; begin < texts.size(); begin += kTextsAtOnce) {
      const auto some = texts.subspan(begin, std::min(kTextsAtOnce, texts.size() - begin));
      embeddings.push_back(encoder_->embed(some, kTaskInputRole));
      after_rows(static_cast<std::int64_t>(begin + some.size()));
    }
    return mean_over_rows(at::cat(embeddings));  // [D]
  }

 private:
  std::string text_of(const Record& record) const {
    if (!record.has_ids()) return record.input;
    if (!ids_.tokenizer) refuse_here("a row of ids, and a base without tokenizer", "text, which the encoder reads");
    return ids_.tokenizer->decode(record.input_ids);
  }

  BaseIds ids_;
  std::unique_ptr<SentenceEncoder> encoder_;
  std::vector<std::vector<std::string>> texts_;  // of every task
};

class FisherSource : public TaskVectorSource {
 public:
  FisherSource(const std::string& base, const TaskVectorRecipe& recipe, std::int64_t pass_tokens, at::Device device)
      : ids_(base),
        model_(T5Model::load(base, device, dtype_of_base(recipe))),
        information_(model_, recipe.fisher->adapter_size, static_cast<std::uint64_t>(recipe.fisher->adapter_seed)),
        recipe_(recipe),
        pass_tokens_(pass_tokens) {}

  void add(const RowsOfTask& task) override {
    std::vector<Example>& examples = examples_.emplace_back();
    ids_.for_rows(task, [&](const Record& record, RowEncoder& encoder) {
      TokenIds input = encoder.input(record, recipe_.base->max_input);
      examples.push_back({std::move(input), encoder.target(record, recipe_.fisher->max_target)});
    });
  }

  at::Tensor vector(std::size_t task, const AfterRows& after_rows) override {
    return information_.mean_squares(examples_.at(task), pass_tokens_, after_rows);  // [n]
  }

 private:
  BaseIds ids_;
  T5Model model_;
  FisherInformation information_;
  TaskVectorRecipe recipe_;
  std::int64_t pass_tokens_;
  std::vector<std::vector<Example>> examples_;  // of every task
};

}  // namespace

std::unique_ptr<TaskVectorSource> make_task_vector_source(const std::string& base, const TaskVectorRecipe& recipe,
                                                          std::unique_ptr<SentenceEncoder> encoder,
                                                          std::int64_t pass_tokens, at::Device device) {
  if (recipe.fisher) return std::make_unique<FisherSource>(base, recipe, pass_tokens, device);
  if (encoder) return std::make_unique<SentenceSource>(base, std::move(encoder));
  return std::make_unique<StateSource>(base, recipe, pass_tokens, device);
}

}  // namespace phatgoose
