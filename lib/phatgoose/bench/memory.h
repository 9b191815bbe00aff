// How much memory a piece of work takes for tensors.
#pragma once

#include <cstdint>
#include <functional>

namespace phatgoose {

/// The most bytes of tensors that are held at one time during the call, beyond those that were there before it; of all
/// devices together. What kernels take without LibTorch's allocators does not count.
std::int64_t peak_bytes_of(const std::function<void()>& work);

}  // namespace phatgoose
