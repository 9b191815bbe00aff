# Run by ctest with: BUILD (the project's build), WORK (a directory to fill), CPACK. Unpacks the archive that cpack makes;
# its programs run there, and every library that is not part of glibc comes out of it. The archive is compressed with zstd,
# which takes a tenth of gzip's time.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CPACK} -G TZST --config ${BUILD}/CPackConfig.cmake -B ${WORK}/packages)
file(GLOB archive ${WORK}/packages/phatgoose-*.tar.zst)
file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${WORK})
file(REMOVE_RECURSE ${WORK}/packages)
file(GLOB unpacked ${WORK}/phatgoose-*)
file(RENAME ${unpacked} ${WORK}/moved)

foreach(program eval describe)
  run(ldd ${WORK}/moved/bin/phatgoose-${program})
  string(REGEX MATCHALL "[^\n]+ => [^\n]+" libraries "${output}")
  foreach(library ${libraries})
    if(NOT library MATCHES " => ${WORK}/moved/bin/\\.\\./lib/phatgoose/"
       AND NOT library MATCHES "^\tlib(c|m|dl|rt|pthread|resolv)\\.so")
      message(FATAL_ERROR "a library from outside the package: ${library}")
    endif()
  endforeach()
endforeach()

use_programs(${WORK}/moved ${WORK}/work)
file(REMOVE_RECURSE ${WORK})
