# Run by ctest with: PREFIX (an installed copy), WORK (a directory to fill), MODEL (a base model), GENERATOR. Builds and
# runs a user's program against the installed library.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${CMAKE_CURRENT_LIST_DIR}/user -B ${WORK}
    -D CMAKE_PREFIX_PATH=${PREFIX} -D CMAKE_CXX_FLAGS=-Werror)
run(${CMAKE_COMMAND} --build ${WORK})
run(${WORK}/user ${MODEL})
expect_output("^[1-9][0-9]* parameters\n$")
