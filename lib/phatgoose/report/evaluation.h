// What an evaluation of one or more methods leaves on disk, read again: from its own run, or from joined shards.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/report/comparison.h"

namespace phatgoose {

struct EvaluatedMethod {
  std::string name;
  fs::path directory;        ///< its results
  bool uses_labels = false;  ///< as MethodResult::uses_labels
  bool is_expert = false;    ///< a single expert, from whose results reference rows follow
};

/// The methods of one evaluation.
struct EvaluatedMethods {
  std::vector<EvaluatedMethod> methods;
  std::vector<std::string> tasks;  ///< every task that some method has, in the order of the suite
  std::string reference;           ///< the method that others are compared with
};

struct Evaluation {
  std::vector<MethodResult> methods;
  std::optional<Comparison> comparison;  ///< of several methods
  Json results;                          ///< results.json of the first
  std::string note;                      ///< below the table: tasks of the suite that have no data

  std::string table() const;
  Json json() const;  ///< comparison.json of several methods, results.json of one
};

/// Reads the results of every method and adds the reference rows of single experts; of several methods, writes
/// `out`/comparison.json.
Evaluation conclude_evaluation(const fs::path& out, const EvaluatedMethods& methods);

/// methods.json: what the shards of several methods must tell to be concluded together.
void write_methods(const fs::path& out, const EvaluatedMethods& methods);
/// Directories of methods are below `out`.
EvaluatedMethods read_evaluated_methods(const fs::path& out);

}  // namespace phatgoose
