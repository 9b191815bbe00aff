#include "phatgoose/data/base_hashes.h"

#include "phatgoose/text/tokenizer.h"
#include "phatgoose/text/tokenizer_files.h"

namespace phatgoose {

Json base_hashes(const fs::path& base, const std::string& fingerprint) {
  if (!has_tokenizer(base)) return fingerprint;
  return Json::array({fingerprint, Tokenizer(base).fingerprint()});
}

}  // namespace phatgoose
