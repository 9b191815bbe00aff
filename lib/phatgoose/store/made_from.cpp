#include "phatgoose/store/made_from.h"

#include "phatgoose/base/error.h"

namespace phatgoose {

std::string tensor_hash(const std::map<std::string, TensorView>& tensors) {
  std::string lines;
  for (const auto& [name, view] : tensors) {
    lines += name + ' ' + name_of(view.dtype) + ' ' + to_string(view.shape) + ' ' + content_hash(view.bytes) + '\n';
  }
  return content_hash(std::as_bytes(std::span(lines)));
}

bool is_made_from(const fs::path& file, const Json& wanted) {
  if (!is_file(file)) return false;
  try {
    const SafetensorsFile found(file);
    const auto made = found.metadata().find(kMadeFromKey);
    if (made == found.metadata().end() || made->second != wanted.dump()) return false;
    const auto hash = found.metadata().find(kHashKey);  // a file of an older release says nothing of its data
    return hash == found.metadata().end() || hash->second == tensor_hash(found.tensors());
  } catch (const Error&) {
    return false;
  }
}

void check_made_from_adapter(const fs::path& file, const std::string& adapter, const std::string& remedy) {
  const SafetensorsFile opened(file);
  const auto made_from = opened.metadata().find(kMadeFromKey);
  if (made_from == opened.metadata().end()) return;
  const auto found =
      in(file, [&] { return json_get_or<std::string>(parse_json(made_from->second), "adapter", adapter); });
  if (found == adapter) return;
  refuse(file, "made from another adapter (" + found + ")", "one made from this adapter (" + adapter + ")", remedy);
}

}  // namespace phatgoose
