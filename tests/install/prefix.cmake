# Run by ctest with: BUILD (the project's build), PREFIX (where to install), WORK (a directory to fill). The prefix is
# complete, and its programs run, with the LibTorch that they were linked with.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

file(REMOVE_RECURSE ${PREFIX} ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX})
foreach(file
    share/bash-completion/completions/phatgoose
    share/doc/phatgoose/LICENSE
    share/doc/phatgoose/README.md
    share/doc/phatgoose/docs/commands.md
    share/fish/vendor_completions.d/phatgoose.fish
    share/man/man1/phatgoose.1
    share/man/man1/phatgoose-eval.1
    share/phatgoose/assets/base/model.safetensors
    share/phatgoose/assets/experts/food/adapter_model.safetensors
    share/phatgoose/assets/suites/two-hops.yaml
    share/phatgoose/assets/tasks/food/train.jsonl
    share/phatgoose/configs/presets/small.yaml
    share/phatgoose/configs/suites/t0-held-out.yaml
    share/phatgoose/scripts/data/make.sh
    share/phatgoose/scripts/data/recipes/bbh.yaml
    share/phatgoose/scripts/slurm/step.sh
    share/zsh/site-functions/_phatgoose)
  if(NOT EXISTS ${PREFIX}/${file})
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()
if(EXISTS ${PREFIX}/lib/phatgoose)
  message(FATAL_ERROR "shared libraries are installed that nobody asked for")
endif()
use_programs(${PREFIX} ${WORK})
