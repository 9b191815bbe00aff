// phatgoose edit: changes to the list of experts of a routed model, none of which touches another expert's files.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/store/named_directory.h"

namespace phatgoose {

struct RoutedModelEdit {
  fs::path directory;
  std::optional<fs::path> model;  ///< the base; needed to add
  std::vector<NamedDirectory> add;
  std::vector<std::string> remove, enable, disable;         ///< names
  std::vector<std::pair<std::string, std::string>> rename;  ///< old name, new name; within the routed model only
  bool allow_partial = false;  ///< add experts that lack factors which their configuration promises
};

/// Applies the changes in the order remove, rename, add, disable, enable, and replaces the manifest as a whole. Only
/// the added experts are read, so that adding one takes the same time whatever their number. usage for names that no
/// expert has, a name that is taken, or when no expert would remain enabled; bad_data for experts that do not fit, or
/// another base. Packed models (build --pack) can be enabled, disabled and renamed in, not added to or removed from:
/// usage.
void edit_routed_model(const RoutedModelEdit& edit);

}  // namespace phatgoose
