#include "phatgoose/describe/description_prompt.h"

#include <fmt/format.h>

namespace phatgoose {
namespace {

constexpr const char* kQuestion =
    "In one sentence, describe {}: what is given, what is asked for, and which knowledge or skill that takes. Speak in "
    "general terms instead of repeating {}. Write only that sentence.";

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

}  // namespace

std::string description_prompt(const std::vector<ShownExample>& examples) {
  if (examples.size() == 1 && examples.front().target.empty()) {
    return "This is the input of a task.\n\n" + shown(examples) +
           fmt::format(fmt::runtime(kQuestion), "that task", "the input");
  }
  const bool answered = !examples.empty() && !examples.front().target.empty();
  return std::string(answered ? "These are examples of one task, with the right outputs.\n\n"
                              : "These are inputs of one task.\n\n") +
         shown(examples) + fmt::format(fmt::runtime(kQuestion), "the task", answered ? "the examples" : "the inputs");
}

}  // namespace phatgoose
