#include "phatgoose/nn/device.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/Utils.h>
#include <sys/resource.h>
#include <torch/headeronly/version.h>

#define PHATGOOSE_HAS_DEVICE_STATISTICS (TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 9)
#define PHATGOOSE_HAS_MEMORY_INFO (TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 10)
#if PHATGOOSE_HAS_DEVICE_STATISTICS
#include <c10/core/CachingDeviceAllocator.h>
#endif

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>

#include <cstdio>
#endif

#include <fstream>
#include <string>

#include "phatgoose/base/error.h"
#include "phatgoose/base/memory.h"

namespace phatgoose {

at::Device parse_device(const std::string& text) {
  if (text == "cpu") return at::kCPU;
  const bool numbered = text.rfind("cuda:", 0) == 0 && text.size() > 5 && text.size() < 9 &&
                        text.find_first_not_of("0123456789", 5) == std::string::npos;
  if (text != "cuda" && !numbered) refuse_usage("--device", "\"" + text + "\"", "cpu, cuda or cuda:N");
  const int index = numbered ? std::stoi(text.substr(5)) : 0;
  const int count = at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
  if (index >= count)
    fail(ExitCode::cannot_finish, {.where = "--device " + text,
                                   .found = std::to_string(count) + " CUDA devices",
                                   .expected = "at least " + std::to_string(index + 1),
                                   .hint = "use --device cpu, or a LibTorch built with CUDA on a machine with a GPU"});
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

at::ScalarType parse_dtype(const std::string& text) {
  if (text == "fp32") return at::kFloat;
  if (text == "bf16") return at::kBFloat16;
  refuse_usage("--dtype", "\"" + text + "\"", "fp32 or bf16");
}

bool has_bf16_units(at::Device device) { return device.is_cpu() && at::cpu::init_amx(); }

std::string processor_name() {
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

void set_threads(int threads) { at::set_num_threads(threads); }

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that glibc admits
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

std::int64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return usage.ru_maxrss;
#else
  return std::int64_t{usage.ru_maxrss} * 1024;
#endif
}

std::optional<std::int64_t> peak_device_memory([[maybe_unused]] at::Device device) {
#if PHATGOOSE_HAS_DEVICE_STATISTICS
  if (!device.is_cpu()) {
    const auto statistics = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
    return statistics.allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
  }
#endif
  return std::nullopt;
}

std::optional<std::int64_t> available_memory_of(at::Device device) {
  if (device.is_cpu()) return available_memory();
#if PHATGOOSE_HAS_MEMORY_INFO
  return static_cast<std::int64_t>(c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).first);
#else
  return std::nullopt;
#endif
}

void return_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

#ifdef __linux__
namespace {

constexpr std::uintptr_t kHugePage = 2 << 20;
constexpr std::uintptr_t kLargestOnHeap = 32 << 20;  // beyond it malloc maps
constexpr int kCollapse = 25;                        // MADV_COLLAPSE, which older headers lack

/// Whether a line of /proc/self/maps is memory that malloc holds: the heap, or a large nameless mapping.
bool belongs_to_malloc(const std::string& line, std::uintptr_t size) {
  if (line.ends_with("[heap]")) return true;
  return size >= kLargestOnHeap && line.find(" rw-p 00000000 00:00 0") != std::string::npos && !line.ends_with("]");
}

}  // namespace
#endif

void gather_in_huge_pages() {
#ifdef __linux__
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2 || !belongs_to_malloc(line, end - begin)) continue;
    begin = (begin + kHugePage - 1) / kHugePage * kHugePage;
    end = end / kHugePage * kHugePage;
    if (begin >= end) continue;
    auto* const address = reinterpret_cast<void*>(begin);
    madvise(address, end - begin, MADV_HUGEPAGE);
    madvise(address, end - begin, kCollapse);
  }
#endif
}

}  // namespace phatgoose
