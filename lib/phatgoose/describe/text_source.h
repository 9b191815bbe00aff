// Where the descriptions of GLIDER come from (METHODS 5): what a text is asked for, and who gives it.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/json.h"

namespace phatgoose {

/// A row as it is shown to whoever describes its task: text, cut to a length that the user chooses.
struct ShownExample {
  std::string input;
  std::string target = {};  ///< empty where the row is shown without its answer
  std::vector<std::string> choices = {};
};

struct DescriptionRequest {
  std::string name;     ///< of the expert or the task
  std::string subject;  ///< for messages: "expert food", "task errand", "row 3 of task errand"
  std::vector<ShownExample> examples = {};
  /// What is known of the experts that it is to be told from: the texts of each.
  std::vector<std::vector<std::string>> others = {};
};

/// Where a text comes from, as it is kept with the text.
struct DescriptionOrigin {
  std::string source;              ///< "model", "given" or "rule"
  std::string model = {};          ///< name of the language model
  std::string prompt = {};         ///< what that was asked
  Json settings = Json::object();  ///< what else the text depends on
};

class DescriptionSource {
 public:
  virtual ~DescriptionSource() = default;

  /// One paragraph that is not empty and has no control characters. May be called by several threads at once. What goes
  /// wrong is an Error; a stop signal ends it with ExitCode::stopped.
  virtual std::string describe(const DescriptionRequest& request) = 0;
  virtual DescriptionOrigin origin(const DescriptionRequest& request) const = 0;
};

/// Hash of an origin and of what the request shows: a text with the same need not be made again.
std::string description_key(const DescriptionRequest& request, const DescriptionOrigin& origin);

}  // namespace phatgoose
