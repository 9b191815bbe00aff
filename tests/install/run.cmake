# Run by ctest with: BUILD (the project's build), WORK (a directory to fill), MODEL (a base model), GENERATOR.

function(run)
  execute_process(COMMAND ${ARGV} OUTPUT_VARIABLE output ECHO_OUTPUT_VARIABLE COMMAND_ERROR_IS_FATAL ANY)
  set(output ${output} PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${CMAKE_CURRENT_LIST_DIR}/user -B ${WORK}/build
    -D CMAKE_PREFIX_PATH=${WORK}/prefix -D CMAKE_CXX_FLAGS=-Werror)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/user ${MODEL})
if(NOT output MATCHES "^[1-9][0-9]* parameters\n$")
  message(FATAL_ERROR "the user's program printed '${output}'")
endif()
run(${WORK}/prefix/bin/phatgoose --version)
