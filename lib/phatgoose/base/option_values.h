// Values of options as text: reading with all checks, and writing back.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/base/options.h"

namespace phatgoose {

/// "an integer from 1 to 8", "one of fp32, bf16": what the option admits, for messages.
std::string expectation(const Option& option);

/// Sets the option's target. Texts that do not fit its type, choices or range: usage error at the place that in() adds.
/// Only list options take a number of texts other than one.
void assign_texts(const Option& option, const std::vector<std::string>& texts);

/// Sets an option that may stay without a value to none; any other: usage error.
void assign_nothing(const Option& option);

/// Sets the option's target to the member `key` of `object`. None, or null: it stays, if it may be without a value; a
/// target that has one, another type, and what does not fit its choices or range: bad_data at the place that in() adds.
void assign_json(const Option& option, const Json& object, const std::string& key);

/// The value as JSON; null for none.
Json value_json(const Option& option);

/// Sets the target of `to` to the value of `from`, an option of the same type.
void copy_value(const Option& from, const Option& to);

/// The value as it would be typed; empty for none. Lists are separated by spaces.
std::string value_text(const Option& option);

/// Whether there is a value: false for an empty optional, string or list.
bool has_value(const Option& option);

bool is_list(const Option& option);
bool is_flag(const Option& option);
/// Whether the value is free text, so that YAML may quote it.
bool is_text(const Option& option);

/// The names in texts of one or more, separated by commas; empty ones are left out.
std::vector<std::string> split_at_commas(const std::vector<std::string>& texts);

/// Whether the option once had this name, which is refused now.
bool was_called(const Option& option, const std::string& name);

/// The placeholder that help shows for the value: "FILE...", "true|false", "INTEGER".
std::string placeholder_of(const Option& option);

}  // namespace phatgoose
