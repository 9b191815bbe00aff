# embed_presets(TARGET DIRECTORY): compiles the settings files DIRECTORY/*.yaml into TARGET (settings/commands.h).

function(embed_presets target directory)
  file(GLOB files CONFIGURE_DEPENDS ${directory}/*.yaml)
  set(PRESETS "")
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    cmake_path(GET file STEM name)
    file(READ ${file} yaml)
    string(APPEND PRESETS "      {\"${name}\", R\"yaml(${yaml})yaml\"},\n")
  endforeach()
  configure_file(${PROJECT_SOURCE_DIR}/cmake/presets.cpp.in ${PROJECT_BINARY_DIR}/generated/presets.cpp @ONLY)
  target_sources(${target} PRIVATE ${PROJECT_BINARY_DIR}/generated/presets.cpp)
endfunction()
