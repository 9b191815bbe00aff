#include "phatgoose/describe/shown_examples.h"

#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

std::string beginning(const std::string& text, std::int64_t length) {
  const std::u32string characters = decode_utf8(strip(text));
  if (std::ssize(characters) <= length) return encode_utf8(characters);
  return encode_utf8(std::u32string_view(characters).substr(0, static_cast<std::size_t>(length))) + "...";
}

}  // namespace

ShownExample show(const Record& record, const ShowingRule& rule) {
  return in_row(record, [&] {
    if (record.has_ids()) refuse_here("a row of token ids", "text to describe", "give the description with --text");
    ShownExample example{.input = beginning(record.input, rule.length)};
    if (rule.targets) example.target = beginning(record.target, rule.length);
    for (const std::string& choice : record.choices) example.choices.push_back(strip(choice));
    return example;
  });
}

std::vector<ShownExample> draw_examples(const std::vector<Record>& records, const ShowingRule& rule) {
  std::vector<ShownExample> drawn;
  for (const std::int64_t row : permutation(std::ssize(records), static_cast<std::uint64_t>(rule.seed), 0)) {
    if (std::ssize(drawn) == rule.examples) break;
    drawn.push_back(show(records[static_cast<std::size_t>(row)], rule));
  }
  return drawn;
}

std::vector<std::string> shown_inputs(const std::vector<ShownExample>& examples) {
  std::vector<std::string> inputs;
  for (const ShownExample& example : examples) inputs.push_back(example.input);
  return inputs;
}

}  // namespace phatgoose
