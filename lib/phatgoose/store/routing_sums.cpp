#include "phatgoose/store/routing_sums.h"

#include <cstring>
#include <map>
#include <string>

#include "phatgoose/base/error.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {
namespace {

/// A tensor of the sum.
struct RoutingSum {
  DType dtype;
  Shape shape;
  std::vector<std::byte> bytes;
};

template <typename Number>
void add_numbers(std::vector<std::byte>& sum, std::span<const std::byte> more) {
  for (std::size_t at = 0; at < sum.size(); at += sizeof(Number)) {
    Number total, part;
    std::memcpy(&total, sum.data() + at, sizeof total);
    std::memcpy(&part, more.data() + at, sizeof part);
    total += part;
    std::memcpy(sum.data() + at, &total, sizeof total);
  }
}

void add_tensor(RoutingSum& sum, const std::string& name, const TensorView& view) {
  if (sum.dtype != view.dtype || sum.shape != view.shape) {
    refuse_here("another dtype or shape of " + name, "the same in all parts");
  }
  if (view.dtype == DType::f64) return add_numbers<double>(sum.bytes, view.bytes);
  if (view.dtype == DType::i64) return add_numbers<std::int64_t>(sum.bytes, view.bytes);
  refuse_here(name + " with numbers of another type", "F64 or I64");
}

}  // namespace

void add_routing(const fs::path& path, const std::vector<fs::path>& parts) {
  std::map<std::string, RoutingSum> sums;
  std::map<std::string, std::string> metadata;
  for (const fs::path& part : parts) {
    const SafetensorsFile file(part);
    in(part, [&] {
      if (&part == &parts.front()) metadata = file.metadata();
      if (file.metadata() != metadata) refuse_here("other linears or experts", "those of " + parts.front().string());
      for (const auto& [name, view] : file.tensors()) {
        const auto [sum, is_new] = sums.try_emplace(name, RoutingSum{view.dtype, view.shape, {}});
        if (is_new) sum->second.bytes.resize(view.bytes.size());
        add_tensor(sum->second, name, view);
      }
    });
  }
  std::vector<NamedTensor> tensors;
  for (const auto& [name, sum] : sums) tensors.push_back({name, {sum.dtype, sum.shape, sum.bytes}});
  write_safetensors(path, std::move(tensors), metadata);
}

}  // namespace phatgoose
