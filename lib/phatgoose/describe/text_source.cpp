#include "phatgoose/describe/text_source.h"

#include "phatgoose/base/files.h"

namespace phatgoose {

std::string description_key(const DescriptionRequest& request, const DescriptionOrigin& origin) {
  Json parts{{"source", origin.source}, {"model", origin.model}, {"prompt", origin.prompt}};
  parts["settings"] = origin.settings;
  parts["examples"] = Json::array();
  for (const ShownExample& example : request.examples) {
    parts["examples"].push_back({example.input, example.target, example.choices});
  }
  const std::string text = parts.dump(-1, ' ', false, Json::error_handler_t::replace);
  return content_hash(std::as_bytes(std::span(text)));
}

}  // namespace phatgoose
