# How every target of the project is compiled: language level, warnings, sanitizers, compiler cache.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The two sloppiness flags and -fpch-preprocess are what lets ccache serve files that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${CCACHE_PROGRAM})
endif()

add_library(phatgoose_build INTERFACE)
add_library(phatgoose::build ALIAS phatgoose_build)
target_compile_features(phatgoose_build INTERFACE cxx_std_20)
target_compile_options(phatgoose_build INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(phatgoose_build INTERFACE -fpch-preprocess)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 takes string concatenations for overlapping or overlong copies (GCC bugs 105651 and 105329).
    target_compile_options(phatgoose_build INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
  endif()
endif()
# A program loads only the libraries that it calls.
target_link_options(phatgoose_build INTERFACE -Wl,--as-needed)
if(PHATGOOSE_WERROR)
  target_compile_options(phatgoose_build INTERFACE -Werror)
endif()
if(PHATGOOSE_SANITIZE)
  target_compile_options(phatgoose_build INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                                   -fno-omit-frame-pointer)
  target_link_options(phatgoose_build INTERFACE -fsanitize=address,undefined)
endif()
