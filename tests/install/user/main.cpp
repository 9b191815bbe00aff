// A user's program: loads a base model with the installed library and says how large it is.
#include <phatgoose/nn/t5_model.h>

#include <cstdio>

int main(int, char** arguments) {
  const auto model = phatgoose::T5Model::load(arguments[1], at::kCPU, at::kFloat);
  std::int64_t parameters = 0;
  for (const auto& [name, tensor] : model.named_parameters()) parameters += tensor.numel();
  std::printf("%lld parameters\n", static_cast<long long>(parameters));
}
