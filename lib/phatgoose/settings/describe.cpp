#include "phatgoose/settings/describe.h"

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

void refuse_option(bool given, const std::string& option, const std::string& next_to) {
  if (given) refuse_usage(option, "given with " + next_to, "none");
}

}  // namespace

OptionSet DescribeSettings::declare() {
  OptionSet set("describe", "Write what an expert or a target task is about, in a sentence that routers compare");
  set.begin_group("Experts");
  set.add("expert", &experts,
          "expert directories, which get description.json and its embedding; NAME= gives one another name")
      .as("[NAME=]DIR");
  declare_library(set, library);
  set.add("data", &data,
          "the expert's training rows: JSON Lines files, plain or .gz; {name} stands for the name of each expert")
      .as("FILE");
  set.add("apart-from", &apart_from,
          "--source rule: a library whose experts, by their descriptions, the words are to tell this one from; the "
          "experts of one command are always told from each other")
      .as("DIR");
  set.add("without-examples", &without_examples,
          "keep the rows that were shown out of description.json, and the prompt, which has them");
  set.add("model", &model, "base model directory; without --encoder, the mean of its encoder states is the embedding")
      .as("DIR");
  set.add("encoder", &encoder, "sentence encoder directory, for the embedding").as("DIR");
  declare_allow_partial(set, allow_partial);
  set.begin_group("Target tasks");
  set.add("suite", &suite, "suite of tasks: a YAML file, or the name of one that comes with the program")
      .as("FILE|NAME");
  set.add("out", &out, "file of descriptions, JSON Lines; what is in it and not made here stays").as("FILE");
  set.add("data-dir", &data_dir, "directory that the suite's data is relative to; default: that of the suite's file")
      .as("DIR");
  set.add("allow-missing", &allow_missing,
          "describe without the tasks whose data is not there, where the suite says that they may be missing");
  set.add("tasks", &tasks, "only these tasks of the suite, separated by commas").as("A,B");
  set.add("per", &per, "one text for each task, from some of its inputs, or for each row (query), from its own")
      .one_of({"task", "query"});
  set.add("limit", &limit, "--per query: only the first N rows of each task").as("N").at_least(1);
  set.add("limit-seed", &limit_seed, "draw the N rows of --limit at random, with this seed").at_least(0);
  set.begin_group("Texts");
  set.add("source", &source,
          "who writes them: a language model, or a rule that needs none; default: model, unless --text or --texts "
          "gives them")
      .one_of({"model", "rule"});
  set.add("text", &text, "the text, for one expert or task");
  set.add("texts", &texts, "YAML file of texts by the names of experts or tasks").as("FILE");
  set.add("examples", &examples, "rows that are shown of an expert or task, drawn with --seed").at_least(1);
  set.add("example-length", &example_length, "characters that are shown of an input, and of a target").at_least(1);
  reading.declare(set);
  set.begin_group("Language model (its key is taken from PHATGOOSE_API_KEY in the environment)");
  set.add("endpoint", &endpoint,
          "address, http or https, up to what precedes /chat/completions; the rows that are shown are sent there")
      .as("URL");
  set.add("llm", &llm, "the model's name there").as("NAME");
  set.add("max-tokens", &max_tokens, "most tokens of an answer; one that is cut is refused").at_least(1);
  set.add("temperature", &temperature, "of sampling; 0: the likeliest answer").between(0, 2);
  set.add("max-characters", &max_characters, "longest text that is taken").at_least(1);
  set.add("timeout", &timeout, "seconds that a request may take").between(0.01, 86400);
  set.add("retries", &retries, "further tries after a timeout, a closed connection, or HTTP 408, 429 and 5xx")
      .at_least(0);
  set.add("requests-per-minute", &requests_per_minute, "most requests in a minute; default: no limit")
      .between(0.001, 1e6);
  set.add("parallel", &parallel, "requests that are under way at the same time").between(1, 256);
  common.declare(set);
  return set;
}

DescribeSettings::Source DescribeSettings::text_source() const {
  if (text || texts) return Source::given;
  return source == "rule" ? Source::rule : Source::model;
}

void DescribeSettings::check() const {
  if (!of_targets() && experts.empty() && !library) {
    refuse_usage("--expert, --suite", "nothing to describe", "experts or a suite");
  }
  check_source();
  if (of_targets()) {
    check_target_options();
  } else {
    check_expert_options();
  }
}

void DescribeSettings::check_source() const {
  if (text && texts) refuse_usage("--text", "--texts as well", "one of them");
  if (text_source() != Source::model) {
    const std::string found = text_source() == Source::given ? "a text that is given" : "--source rule";
    refuse_option(endpoint.has_value(), "--endpoint", found);
    refuse_option(llm.has_value(), "--llm", found);
    refuse_option(text_source() == Source::given && source.has_value(), "--source", found);
    return;
  }
  const std::string others = "without a language model: --source rule, or --text";
  if (!endpoint) refuse_usage("--endpoint", "missing", "the address of a language model", others);
  if (!llm) refuse_usage("--llm", "missing", "the name of the model at " + *endpoint);
}

void DescribeSettings::check_expert_options() const {
  const std::string found = "experts and no --suite";
  refuse_option(out.has_value(), "--out", found);
  refuse_option(data_dir.has_value(), "--data-dir", found);
  refuse_option(!tasks.empty(), "--tasks", found);
  refuse_option(per_query(), "--per query", found);
  refuse_option(limit || limit_seed, "--limit", found);
  if (!model && !encoder) {
    refuse_usage("--model, --encoder", "neither", "what the text's embedding is made with: one of them");
  }
  const bool given = text_source() == Source::given;
  if (given && !data.empty()) refuse_usage("--data", "a text that is given", "no rows: none is looked at");
  if (!given && data.empty()) refuse_usage("--data", "missing", "the expert's training rows");
  if (apart_from && text_source() != Source::rule) {
    refuse_usage("--apart-from", "no --source rule", "the rule, which alone looks at other experts");
  }
}

void DescribeSettings::check_target_options() const {
  const std::string found = "--suite";
  refuse_option(!experts.empty(), "--expert", found);
  refuse_option(library.has_value(), "--library", found);
  refuse_option(!data.empty(), "--data", found);
  refuse_option(apart_from.has_value(), "--apart-from", found);
  refuse_option(model.has_value(), "--model", found);
  refuse_option(encoder.has_value(), "--encoder", found);
  refuse_option(without_examples, "--without-examples", found);
  refuse_option(allow_partial, "--allow-partial", found);
  if (!out) refuse_usage("--out", "missing", "the file of descriptions");
  if (out->ends_with(".gz")) refuse_usage("--out", "\"" + *out + "\"", "a name without .gz, as the file is plain text");
  if (per_query() && text_source() == Source::given) refuse_usage("--per query", "a text that is given", "--per task");
  if (!per_query() && limit) refuse_usage("--limit", "--per task", "--per query, whose rows it limits");
  if (limit_seed && !limit) refuse_usage("--limit-seed", "no --limit", "the number of rows to draw");
}

}  // namespace phatgoose
