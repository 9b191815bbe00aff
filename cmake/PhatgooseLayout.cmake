# Where the parts lie, seen from a prefix. The build tree has the same layout, so programs find their files in either.
#
#   bin                  the programs
#   lib/phatgoose        shared libraries of their own: what the components libtorch and libraries install
#   share/phatgoose      assets, settings, scripts (base/data_directory.h)

set(PHATGOOSE_LIBRARIES_DIR lib/phatgoose)
set(PHATGOOSE_DATA_DIR share/phatgoose)

# An installed program takes LibTorch from its prefix where that has one, else the one that it was linked with. With the
# old tag (DT_RPATH) this also holds for what the libraries need themselves, and LD_LIBRARY_PATH does not slip in another.
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${PHATGOOSE_LIBRARIES_DIR};${LibTorch_LIBRARY_DIR}")
target_link_options(phatgoose_build INTERFACE -Wl,--disable-new-dtags)

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/${PHATGOOSE_DATA_DIR})
foreach(part assets configs scripts)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${part} ${PROJECT_BINARY_DIR}/${PHATGOOSE_DATA_DIR}/${part} SYMBOLIC)
endforeach()
