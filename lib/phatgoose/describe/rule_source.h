// Descriptions by a rule, without any model (METHODS 5): what the inputs are about, and what kind of answer they want.
#pragma once

#include "phatgoose/describe/text_source.h"

namespace phatgoose {

class RuleSource : public DescriptionSource {
 public:
  std::string describe(const DescriptionRequest& request) override;
  DescriptionOrigin origin(const DescriptionRequest& request) const override;
};

}  // namespace phatgoose
