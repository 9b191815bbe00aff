#include "phatgoose/describe/rule_source.h"

#include "phatgoose/describe/answer_kind.h"
#include "phatgoose/describe/content_terms.h"
#include "phatgoose/describe/description_text.h"
#include "phatgoose/describe/shown_examples.h"

namespace phatgoose {
namespace {

constexpr std::size_t kTerms = 6;
constexpr int kRule = 1;  // counts up with every change of what the rule says

}  // namespace

std::string RuleSource::describe(const DescriptionRequest& request) {
  const std::vector<std::string> terms = content_terms(shown_inputs(request.examples), request.others, kTerms);
  const std::string kind = answer_kind(request.examples);
  std::string text = terms.empty() ? "A task" : "A task about " + enumeration(terms, "and");
  if (!kind.empty()) text += ", answered with " + kind;
  return in(request.subject, [&] { return checked_description(text + "."); });
}

DescriptionOrigin RuleSource::origin(const DescriptionRequest& request) const {
  // Which experts the others are does not count: a library that grows leaves the texts that it has.
  return {.source = "rule", .settings = {{"rule", kRule}, {"told_from_others", !request.others.empty()}}};
}

}  // namespace phatgoose
