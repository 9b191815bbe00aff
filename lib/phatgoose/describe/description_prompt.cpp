#include "phatgoose/describe/description_prompt.h"

#include <fmt/format.h>

namespace phatgoose {
namespace {

std::string shown(const std::vector<ShownExample>& examples) {
  std::string text;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const std::string number = examples.size() > 1 ? fmt::format(" {}", i + 1) : "";
    text += fmt::format("Input{}: {}\n", number, examples[i].input);
    if (!examples[i].target.empty()) text += fmt::format("Output{}: {}\n", number, examples[i].target);
    text += "\n";
  }
  return text;
}

/// What stands before the examples.
const char* introduction(const std::vector<ShownExample>& examples) {
  if (!examples.empty() && !examples.front().target.empty())
    return "These are examples of one task, with the right outputs.";
  return examples.size() == 1 ? "This is the input of a task." : "These are inputs of one task.";
}

}  // namespace

std::string description_prompt(const std::vector<ShownExample>& examples) {
  const char* question =
      examples.size() == 1 ? "What does this input ask for?" : "What do all of these inputs ask for?";
  return fmt::format("{}\n\n{}{} Answer in one sentence that begins with \"The task is to\".", introduction(examples),
                     shown(examples), question);
}

}  // namespace phatgoose
