#include "phatgoose/adapters/lora_init.h"

#include <ATen/ATen.h>

#include <string_view>

#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

constexpr double kStandardDeviation = 0.01;

/// 64-bit FNV-1a: a number for a name, the same on every machine.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

void initialise_lora(LoraParameters& parameters, std::uint64_t seed) {
  for (const LoraMember& member : parameters.members) {
    RandomStream stream(seed, stable_hash(member.path));
    const at::Tensor values = at::empty({member.rank, parameters.a.size(1)}, at::kFloat);
    for (float *p = values.mutable_data_ptr<float>(), *end = p + values.numel(); p != end; ++p) {
      *p = static_cast<float>(kStandardDeviation * stream.normal());
    }
    parameters.a_of(member).copy_(values);
  }
}

}  // namespace phatgoose
