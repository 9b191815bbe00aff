#include "machine.h"

#include <ATen/Parallel.h>

#include "phatgoose/base/log.h"
#include "phatgoose/nn/device.h"

namespace phatgoose {

Machine prepare_machine(const CommonSettings& common) {
  set_threads(common.threads);
  keep_freed_memory();
  const at::Device device = parse_device(common.device);
  const at::ScalarType dtype = parse_dtype(common.dtype, device);
  log_info("device " + device.str() + ", dtype " + (dtype == at::kBFloat16 ? "bf16" : "fp32") + ", threads " +
           std::to_string(at::get_num_threads()));
  return {device, dtype};
}

}  // namespace phatgoose
