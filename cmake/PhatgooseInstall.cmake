# cmake --install, in components:
#
#   programs      the programs with all that they come with: assets, settings, scripts, documentation, completions
#   development   the two libraries, their headers, and a package file for find_package(phatgoose)
#   libtorch      the LibTorch that was linked with                      } only when asked for with --component;
#   libraries     every other shared library that is not part of glibc   } with both, a prefix runs on a bare machine

include(CMakePackageConfigHelpers)

# Programs: apps/CMakeLists.txt installs the executables.
install(DIRECTORY assets configs DESTINATION ${PHATGOOSE_DATA_DIR} COMPONENT programs)
install(DIRECTORY scripts/data scripts/slurm DESTINATION ${PHATGOOSE_DATA_DIR}/scripts COMPONENT programs
        USE_SOURCE_PERMISSIONS PATTERN __pycache__ EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION share/doc/phatgoose COMPONENT programs)
install(DIRECTORY docs DESTINATION share/doc/phatgoose COMPONENT programs)
install(DIRECTORY ${PHATGOOSE_PAGES_DIR}/ DESTINATION share COMPONENT programs)

# Development.
install(TARGETS phatgoose_core phatgoose_torch EXPORT phatgoose
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY lib/phatgoose DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h")
install(EXPORT phatgoose FILE phatgooseTargets.cmake NAMESPACE phatgoose::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/phatgoose COMPONENT development)
cmake_path(GET LibTorch_INCLUDE_DIR PARENT_PATH PHATGOOSE_TORCH_DIR)
configure_package_config_file(cmake/phatgooseConfig.cmake.in ${PROJECT_BINARY_DIR}/phatgooseConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/phatgoose)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/phatgooseConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/phatgooseConfig.cmake ${PROJECT_BINARY_DIR}/phatgooseConfigVersion.cmake
              cmake/FindLibTorch.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/phatgoose COMPONENT development)

# LibTorch, whole: it opens some of its libraries by name. The CUDA wheels keep NVIDIA's libraries next to torch.
file(GLOB torch_libraries ${LibTorch_LIBRARY_DIR}/lib*.so* ${LibTorch_LIBRARY_DIR}/../../nvidia/*/lib/lib*.so*)
list(FILTER torch_libraries EXCLUDE REGEX "/lib(torch_python|shm)\\.so")
if(LibTorch_LIBRARY_DIR MATCHES "^/(usr/)?lib")
  set(torch_libraries "")  # the system's own, which its package manager installs
endif()
install(FILES ${torch_libraries} DESTINATION ${PHATGOOSE_LIBRARIES_DIR} COMPONENT libtorch EXCLUDE_FROM_ALL)
# Their licences: of a download by scripts/setup.sh, of a LibTorch archive, of a wheel that pip installed.
file(GLOB torch_licences ${PHATGOOSE_TORCH_DIR}/licenses ${PHATGOOSE_TORCH_DIR}/LICENSE* ${PHATGOOSE_TORCH_DIR}/NOTICE*
     ${PHATGOOSE_TORCH_DIR}/../torch-*.dist-info/licenses)
foreach(licence ${torch_licences})
  if(IS_DIRECTORY ${licence})
    install(DIRECTORY ${licence}/ DESTINATION share/doc/phatgoose/libtorch COMPONENT libtorch EXCLUDE_FROM_ALL)
  else()
    install(FILES ${licence} DESTINATION share/doc/phatgoose/libtorch COMPONENT libtorch EXCLUDE_FROM_ALL)
  endif()
endforeach()

# The other libraries.
install(RUNTIME_DEPENDENCY_SET programs
        PRE_EXCLUDE_REGEXES "^lib(torch|c10|gomp)" "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv)\\.so"
        LIBRARY DESTINATION ${PHATGOOSE_LIBRARIES_DIR} COMPONENT libraries EXCLUDE_FROM_ALL)
