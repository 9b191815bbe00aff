// Descriptions that a user gives.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/describe/text_source.h"

namespace phatgoose {

class GivenTexts : public DescriptionSource {
 public:
  /// `text` for `name`. What no description may be: usage error.
  GivenTexts(const std::string& name, const std::string& text);
  /// A YAML mapping of names to texts. Every one of `names` must have one; those of others are told in the log. A name
  /// without text, one that stands twice, a text that no description may be: bad_data at the line.
  GivenTexts(const fs::path& file, const std::vector<std::string>& names);

  /// The text of the request's name.
  std::string describe(const DescriptionRequest& request) override;
  DescriptionOrigin origin(const DescriptionRequest& request) const override;

 private:
  std::map<std::string, std::string> texts_;  // by name
};

}  // namespace phatgoose
