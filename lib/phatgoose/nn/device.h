// Device, dtype and thread settings of a command.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

namespace phatgoose {

/// "cpu", "cuda" or "cuda:N"; usage error for anything else, cannot_finish when there is no such device.
at::Device parse_device(const std::string& text);
/// "fp32" or "bf16"; usage error for anything else (T5 overflows in fp16).
at::ScalarType parse_dtype(const std::string& text);
/// Whether `device` is a CPU with matrix units for bf16 (AMX), without which bf16 is slower than fp32.
bool has_bf16_units(at::Device device);
/// Model name of the CPU; empty where the system does not tell.
std::string processor_name();
/// How many threads tensor operations use from now on; at least 1.
void set_threads(int threads);
/// Lets the allocator keep freed blocks, large ones too, instead of returning them to the system after each operation,
/// where the C library allows that: fresh pages are what large intermediate results otherwise spend their time on.
void keep_freed_memory();
/// Returns to the system what the allocator has kept, before something large is loaded.
void return_freed_memory();
/// Has the kernel put what malloc holds at the moment into huge pages, where it can (Linux 6.1 and later; elsewhere
/// this does nothing or takes effect in time): small batches read the weights at the speed of memory, and with pages of
/// 4 KiB half of that goes to looking up addresses.
void gather_in_huge_pages();
/// Most main memory that the process has occupied so far, in bytes.
std::int64_t peak_memory();
/// Most of the device's own memory that tensors have occupied so far, in bytes; nothing for a CPU, or with a LibTorch
/// before 2.9, which does not tell without CUDA's headers.
std::optional<std::int64_t> peak_device_memory(at::Device device);
/// Bytes that may still be taken where `device` computes: of main memory for a CPU, otherwise of the device's own;
/// nothing where that is not known, as with a LibTorch before 2.10 on CUDA.
std::optional<std::int64_t> available_memory_of(at::Device device);

}  // namespace phatgoose
