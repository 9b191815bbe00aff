// What the options of `phatgoose describe` say about texts, whatever is described.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phatgoose/describe/shown_examples.h"
#include "phatgoose/describe/text_source.h"
#include "phatgoose/settings/describe.h"

namespace phatgoose {

/// `names`: of all that is described, for texts that are given. One text for several of them: usage error.
std::unique_ptr<DescriptionSource> make_description_source(const DescribeSettings& settings,
                                                           const std::vector<std::string>& names);

/// `targets`: whether the rows are shown with their answers.
ShowingRule showing_rule(const DescribeSettings& settings, bool targets);

}  // namespace phatgoose
