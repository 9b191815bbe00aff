# Functions of the tests in this folder.

# Runs a command that must succeed; `output` is what it prints.
function(run)
  execute_process(COMMAND ${ARGV} OUTPUT_VARIABLE output ECHO_OUTPUT_VARIABLE COMMAND_ERROR_IS_FATAL ANY)
  set(output ${output} PARENT_SCOPE)
endfunction()

function(expect_output pattern)
  if(NOT output MATCHES "${pattern}")
    message(FATAL_ERROR "expected '${pattern}', got '${output}'")
  endif()
endfunction()

# Runs the programs below `prefix` with an empty environment in another directory, `work`, on the assets of that prefix.
function(use_programs prefix work)
  file(MAKE_DIRECTORY ${work})
  set(phatgoose ${CMAKE_COMMAND} -E chdir ${work} env -i ${prefix}/bin/phatgoose)
  run(${phatgoose} --data-dir)
  expect_output("^${prefix}/share/phatgoose\n$")
  set(assets ${prefix}/share/phatgoose/assets)
  run(${phatgoose} build --model ${assets}/base --library ${assets}/experts --out routed)
  file(WRITE ${work}/question.txt "Name the food that the hungry pig eats.\n")
  run(${phatgoose} predict --model ${assets}/base --routed routed --threads 1 question.txt)
  expect_output("^[a-z]+\n$")
  run(${phatgoose} eval --model ${assets}/base --suite held-in --tasks food --limit 4 --threads 1 --out results)
  expect_output("food")
  run(${prefix}/share/phatgoose/scripts/slurm/submit.sh --help)
  expect_output("^Usage: ")
endfunction()
