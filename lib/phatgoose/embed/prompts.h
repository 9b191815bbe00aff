// What an encoder wants before each text: the prompts of config_sentence_transformers.json.
#pragma once

#include <string>

#include "phatgoose/base/files.h"
#include "phatgoose/embed/text_role.h"

namespace phatgoose {

/// By role; empty where a text stands as it is.
struct Prompts {
  std::string query, document, plain;

  const std::string& of(TextRole role) const;
  bool any() const { return !query.empty() || !document.empty() || !plain.empty(); }
};

/// Of a sentence-transformers directory. The prompt "query" is that of queries, and "document", or else "passage" or
/// "corpus", that of documents; `default_prompt_name` names the one of plain texts and of roles that have none of their
/// own. Prompts of other names are for other purposes. A default that is not there, and a suffix: bad_data.
Prompts read_prompts(const fs::path& directory);

}  // namespace phatgoose
