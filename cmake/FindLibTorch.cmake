# Finds a LibTorch (2.8 or later) and defines the imported target LibTorch::LibTorch, and LibTorch_LIBRARY_DIR, where its
# shared libraries are.
#
# LibTorch's own package file insists on a CUDA toolkit when the library was built with CUDA, although linking against it
# needs none. This module only looks for the headers and the shared libraries, so that CPU and CUDA builds work alike.
# Where it looks: LibTorch_ROOT, then CMAKE_PREFIX_PATH (either the torch directory itself or its share/cmake), then
# LibTorch_FALLBACK.

set(_torch_hints ${LibTorch_ROOT} $ENV{LibTorch_ROOT})
foreach(_prefix IN LISTS CMAKE_PREFIX_PATH)
  list(APPEND _torch_hints ${_prefix} ${_prefix}/../..)
endforeach()
foreach(_fallback IN LISTS LibTorch_FALLBACK)
  file(REAL_PATH ${_fallback} _fallback)
  list(APPEND _torch_hints ${_fallback})
endforeach()

find_path(LibTorch_INCLUDE_DIR ATen/ATen.h HINTS ${_torch_hints} PATH_SUFFIXES include)
find_library(LibTorch_CPU_LIBRARY torch_cpu HINTS ${_torch_hints} PATH_SUFFIXES lib)
find_library(LibTorch_C10_LIBRARY c10 HINTS ${_torch_hints} PATH_SUFFIXES lib)
find_library(LibTorch_CUDA_LIBRARY torch_cuda HINTS ${_torch_hints} PATH_SUFFIXES lib)
find_library(LibTorch_C10_CUDA_LIBRARY c10_cuda HINTS ${_torch_hints} PATH_SUFFIXES lib)
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_CUDA_LIBRARY
                 LibTorch_C10_CUDA_LIBRARY)

if(LibTorch_INCLUDE_DIR)
  foreach(_part MAJOR MINOR PATCH)
    file(STRINGS ${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h _line REGEX "define TORCH_VERSION_${_part} ")
    string(REGEX REPLACE ".*TORCH_VERSION_${_part} " "" _version_${_part} "${_line}")
  endforeach()
  set(LibTorch_VERSION ${_version_MAJOR}.${_version_MINOR}.${_version_PATCH})
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "run scripts/setup.sh, or pass -DCMAKE_PREFIX_PATH=<torch>/share/cmake")

if(LibTorch_FOUND)
  cmake_path(GET LibTorch_CPU_LIBRARY PARENT_PATH LibTorch_LIBRARY_DIR)
endif()
if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  set(_torch_libraries ${LibTorch_CPU_LIBRARY} ${LibTorch_C10_LIBRARY})
  if(LibTorch_CUDA_LIBRARY AND LibTorch_C10_CUDA_LIBRARY)
    # Nothing refers to the CUDA library by name: it registers its kernels when it is loaded.
    list(APPEND _torch_libraries -Wl,--no-as-needed ${LibTorch_CUDA_LIBRARY} -Wl,--as-needed ${LibTorch_C10_CUDA_LIBRARY})
  endif()
  # fmt: torch ships headers of its own fmt, newer than a system library; header-only use is safe with either.
  set_target_properties(LibTorch::LibTorch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${LibTorch_INCLUDE_DIR};${LibTorch_INCLUDE_DIR}/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES "${_torch_libraries}"
    INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1)
endif()
