# cmake --install: the programs, the two libraries, their headers, and a package file for find_package(phatgoose).

include(CMakePackageConfigHelpers)

install(TARGETS phatgoose_core phatgoose_torch EXPORT phatgoose
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY lib/phatgoose DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(EXPORT phatgoose FILE phatgooseTargets.cmake NAMESPACE phatgoose::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/phatgoose)
cmake_path(GET LibTorch_INCLUDE_DIR PARENT_PATH PHATGOOSE_TORCH_DIR)
configure_package_config_file(cmake/phatgooseConfig.cmake.in ${PROJECT_BINARY_DIR}/phatgooseConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/phatgoose)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/phatgooseConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/phatgooseConfig.cmake ${PROJECT_BINARY_DIR}/phatgooseConfigVersion.cmake
              cmake/FindLibTorch.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/phatgoose)
