#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/base/options.h"
#include "phatgoose/base/options_yaml.h"
#include "phatgoose/base/text_file.h"
#include "phatgoose/base/version.h"

namespace phatgoose {
namespace {

using Texts = std::vector<std::string>;

/// The texts that the command line gives for one option.
struct Given {
  const Option* option;
  Texts texts;
};

std::string typed_name(const Option& option) { return (option.positional ? "" : "--") + option.name; }

/// Whether `argument` is the bare name of `option`: "--flag", "-f".
bool is_bare_name(const Option& option, const std::string& argument) {
  return argument == "--" + option.name || (option.letter != 0 && argument == std::string{'-', option.letter});
}

/// The values that an option which may stand alone can be given; the first is what it means alone. Empty for others.
Texts values_after(const Option& option) {
  if (is_flag(option)) return {"true", "false"};
  if (option.bare.empty()) return {};
  Texts values = {option.bare};
  values.insert(values.end(), option.choices.begin(), option.choices.end());
  return values;
}

/// Gives every option that may stand alone its value in writing: "--flag", "-f" and "--flag true" become "--flag=true".
Texts with_bare_values(const Texts& arguments, const std::vector<const Option*>& options) {
  Texts result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--") {
      result.insert(result.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
      break;
    }
    const auto option =
        std::ranges::find_if(options, [&](const Option* one) { return is_bare_name(*one, arguments[i]); });
    const Texts values = option == options.end() ? Texts() : values_after(**option);
    if (values.empty()) {
      result.push_back(arguments[i]);
      continue;
    }
    const bool given = i + 1 < arguments.size() && std::ranges::find(values, arguments[i + 1]) != values.end();
    result.push_back("--" + (*option)->name + "=" + (given ? arguments[++i] : values.front()));
  }
  return result;
}

/// Refuses what the scan could not assign to an option; the unknown options among it come first.
void refuse_leftovers(const Texts& leftovers, const std::vector<const Option*>& options) {
  for (const std::string& text : leftovers) {
    if (!text.starts_with("-") || text == "--") continue;
    Texts names;
    const std::string name = text.substr(0, text.find('='));
    for (const Option* option : options) {
      if (name.starts_with("--") && was_called(*option, name.substr(2))) {
        refuse_usage(name, "this option was renamed", "--" + option->name);
      }
      names.push_back(typed_name(*option));
    }
    refuse_usage(name, "unknown option", "", did_you_mean(name, names));
  }
  for (const std::string& text : leftovers) {
    if (text != "--") refuse_usage("\"" + text + "\"", "unexpected argument");
  }
}

/// What an option or argument takes, for messages: "FILE..., training rows".
std::string what_it_takes(const Option& option) { return placeholder_of(option) + ", " + option.help; }

/// Refuses an option at the end of the line that lacks its value; `message` is CLI11's, "--NAME: ...".
[[noreturn]] void refuse_without_value(const std::string& message, const std::vector<const Option*>& options) {
  const std::string name = message.substr(0, message.find(':'));
  const auto option = std::ranges::find_if(options, [&](const Option* one) { return typed_name(*one) == name; });
  if (option == options.end()) refuse_usage("command line", message);
  refuse_usage(name, "needs a value", what_it_takes(**option));
}

/// Splits the command line into the texts given for each option.
std::vector<Given> scan(const Texts& arguments, const std::vector<const Option*>& options) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<CLI::Option*> scanners;
  for (const Option* option : options) {
    CLI::Option* scanner = app.add_option(typed_name(*option))->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    if (is_list(*option)) scanner->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args();
    scanners.push_back(scanner);
  }
  Texts reversed = with_bare_values(arguments, options);
  std::reverse(reversed.begin(), reversed.end());  // the order in which CLI11 takes them
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::Error& error) {
    refuse_without_value(error.what(), options);
  }
  refuse_leftovers(app.remaining(), options);

  std::vector<Given> given;
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (scanners[i]->count() > 0) given.push_back({options[i], scanners[i]->results()});
  }
  return given;
}

/// Sets one option from the command line.
void apply(const Given& given) {
  const std::string name = typed_name(*given.option);
  if (!is_list(*given.option) && given.texts.size() > 1) refuse_usage(name, "given more than once", "once");
  for (const std::string& text : given.texts) {
    if (!given.option->positional && text.starts_with("--"))
      refuse_usage(name, "needs a value before " + text, what_it_takes(*given.option));
  }
  in(name, [&] { assign_texts(*given.option, given.texts); });
}

void apply_named_preset(const OptionSet& set, const std::string& name) {
  const Texts names = preset_names(set);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    if (names.empty()) refuse_usage("--preset", set.command() + " has no presets");
    refuse_usage("--preset", set.command() + " has no preset \"" + name + "\"",
                 fmt::format("one of {}", fmt::join(names, ", ")), did_you_mean(name, names));
  }
  for (const Preset& preset : set.presets()) {
    if (preset.name == name) apply_preset(set, preset);
  }
}

void apply_config(const OptionSet& set, const std::string& path) {
  std::string text;
  try {
    text = read_text(path);
  } catch (const Error& error) {
    refuse_usage("--config", error.what());
  }
  apply_yaml(set, text, path);
}

void check_required(const OptionSet& set) {
  for (const Option& option : set.options()) {
    if (option.required && !has_value(option)) {
      refuse_usage(typed_name(option), "missing", what_it_takes(option));
    }
  }
}

}  // namespace

ParseOutcome parse_options(OptionSet& set, const std::vector<std::string>& arguments, std::ostream& out) {
  GeneralOptions general;
  const OptionSet general_set = general.declare(set);
  std::vector<const Option*> options;
  for (const Option& option : set.options()) options.push_back(&option);
  for (const Option& option : general_set.options()) options.push_back(&option);

  const std::vector<Given> given = scan(arguments, options);
  const auto apply_those_of = [&](const OptionSet& owner) {
    for (const Given& one : given) {
      const Option* first = owner.options().data();
      if (one.option >= first && one.option < first + owner.options().size()) apply(one);
    }
  };
  apply_those_of(general_set);
  if (general.help) return out << set.help(), ParseOutcome::answered;
  if (general.version) return out << "phatgoose " << version() << "\n", ParseOutcome::answered;

  if (!general.preset.empty()) apply_named_preset(set, general.preset);
  if (!general.config.empty()) apply_config(set, general.config);
  apply_those_of(set);
  if (general.dump_config) return out << set.dump(), ParseOutcome::answered;
  check_required(set);
  return ParseOutcome::run;
}

}  // namespace phatgoose
