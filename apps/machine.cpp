#include "machine.h"

#include "phatgoose/base/log.h"
#include "phatgoose/base/thread_count.h"
#include "phatgoose/nn/device.h"

namespace phatgoose {
namespace {

/// Says when the other compute type would be faster on this processor; which one is used is the user's to choose.
void advise_on_dtype(const CommonSettings& common, at::Device device, at::ScalarType dtype) {
  if (common.dtype_by_default && dtype == at::kFloat && has_bf16_units(device)) {
    log_info("this processor has AMX: large models compute faster with --dtype bf16, and with coarser rounding");
  }
  if (device.is_cpu() && dtype == at::kBFloat16 && !has_bf16_units(device)) {
    log_info("this processor has no AMX: --dtype fp32 is faster");
  }
}

}  // namespace

Machine prepare_machine(const CommonSettings& common) {
  const ThreadCount threads = resolve_threads(common.threads);
  set_threads(threads.count);
  keep_freed_memory();
  const at::Device device = parse_device(common.device);
  const at::ScalarType dtype = parse_dtype(*common.dtype);
  log_info("device " + device.str() + ", dtype " + (dtype == at::kBFloat16 ? "bf16" : "fp32") + ", threads " +
           std::to_string(threads.count) + " (" + threads.reason + ")");
  advise_on_dtype(common, device, dtype);
  return {device, dtype};
}

}  // namespace phatgoose
