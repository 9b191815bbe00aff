// Not a test of its own: embeds texts for tests/oracle/check_sentence_encoder.py, which names the files by environment
// variables.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "golden.h"
#include "phatgoose/embed/sentence_encoder.h"
#include "phatgoose/nn/device.h"
#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose::parity {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  INFO(name);
  REQUIRE(value != nullptr);
  return value;
}

TextRole role_named(const std::string& name) {
  if (name == "query") return TextRole::query;
  return name == "document" ? TextRole::document : TextRole::plain;
}

TEST_CASE("Write the embeddings of given texts", "[.][embed]") {
  const auto encoder = load_sentence_encoder(variable("PHATGOOSE_ENCODER"), parse_device(variable("PHATGOOSE_DEVICE")));
  const auto texts = read_json(variable("PHATGOOSE_TEXTS")).get<std::vector<std::string>>();
  const at::Tensor embeddings = encoder->embed(texts, role_named(variable("PHATGOOSE_ROLE")));
  write_safetensors(variable("PHATGOOSE_EMBEDDINGS"), {to_named("embeddings", embeddings)});
}

}  // namespace
}  // namespace phatgoose::parity
