// Descriptions by a language model.
#pragma once

#include "phatgoose/describe/chat_client.h"
#include "phatgoose/describe/text_source.h"

namespace phatgoose {

class ModelSource : public DescriptionSource {
 public:
  /// A text of more than `most_characters` is refused.
  ModelSource(ChatSettings settings, std::int64_t most_characters);

  std::string describe(const DescriptionRequest& request) override;
  DescriptionOrigin origin(const DescriptionRequest& request) const override;

 private:
  ChatSettings settings_;
  std::int64_t most_characters_;
  ChatClient client_;
};

}  // namespace phatgoose
