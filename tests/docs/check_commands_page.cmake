# Run by ctest with: PHATGOOSE (the program), PAGE (docs/commands.md).
execute_process(COMMAND ${PHATGOOSE} --dump-docs OUTPUT_VARIABLE declared COMMAND_ERROR_IS_FATAL ANY)
file(READ ${PAGE} page)
if(NOT page STREQUAL declared)
  message(FATAL_ERROR "${PAGE} is out of date: build the target 'docs'")
endif()
