# SPDX-License-Identifier: Apache-2.0
# Puts files into the program, plain and gzipped, so that one binary serves its own page.
#
#   piman_embed_assets(LIBRARY DIRECTORY FILE...)
#
# makes an object library that holds the bytes, and gives whoever links it the header "embedded_assets.inc": a table for
# assets.cc. The work is done at build time by this same file run as a script: a changed file is embedded anew.
# "@PIMAN_ASSETS@" in a .html file becomes the path of the bundle, whose name is a hash over all files: modules then
# import each other by plain relative names, and browsers may cache every one of them for ever.

if(NOT CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  set(PIMAN_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  find_program(GZIP_PROGRAM gzip REQUIRED)

  function(piman_embed_assets library directory)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${library})
    list(TRANSFORM ARGN PREPEND ${directory}/ OUTPUT_VARIABLE sources)
    string(REPLACE ";" "|" names "${ARGN}")
    add_custom_command(
      OUTPUT ${out}/embedded_assets.S ${out}/embedded_assets.inc
      COMMAND ${CMAKE_COMMAND} "-DDIRECTORY=${directory}" "-DOUT=${out}" "-DNAMES=${names}" "-DGZIP=${GZIP_PROGRAM}"
              -P ${PIMAN_EMBED_SCRIPT}
      DEPENDS ${sources} ${PIMAN_EMBED_SCRIPT}
      COMMENT "Embedding the files of ${directory}"
      VERBATIM)
    add_library(${library} OBJECT ${out}/embedded_assets.S ${out}/embedded_assets.inc)
    # The C compiler driver assembles .S files, which spares the whole project the ASM language.
    set_source_files_properties(${out}/embedded_assets.S PROPERTIES
      LANGUAGE C COMPILE_OPTIONS "-xassembler-with-cpp")
    # A compile cache sees the .S file, not what it includes.
    set_target_properties(${library} PROPERTIES C_COMPILER_LAUNCHER "")
    target_include_directories(${library} INTERFACE ${out})
  endfunction()
  return()
endif()

# --- the build-time script -------------------------------------------------------------------------------------------

function(content_type name out)
  cmake_path(GET name EXTENSION LAST_ONLY extension)
  if(extension STREQUAL ".html")
    set(type "text/html; charset=utf-8")
  elseif(extension STREQUAL ".css")
    set(type "text/css; charset=utf-8")
  elseif(extension STREQUAL ".js")
    set(type "text/javascript; charset=utf-8")
  elseif(extension STREQUAL ".svg")
    set(type "image/svg+xml")
  elseif(extension STREQUAL ".json")
    set(type "application/json")
  elseif(extension STREQUAL ".png")
    set(type "image/png")
  else()
    message(FATAL_ERROR "${name}: give the content type of ${extension} files in EmbedAssets.cmake")
  endif()
  set(${out} "${type}" PARENT_SCOPE)
endfunction()

string(REPLACE "|" ";" NAMES "${NAMES}")
list(SORT NAMES)
file(MAKE_DIRECTORY ${OUT})

set(all_hashes "")
foreach(name IN LISTS NAMES)
  file(SHA256 ${DIRECTORY}/${name} hash)
  string(APPEND all_hashes "${name}=${hash}\n")
endforeach()
string(SHA256 bundle "${all_hashes}")
string(SUBSTRING ${bundle} 0 16 bundle)
set(PIMAN_ASSETS "assets/${bundle}")  # relative: a proxy may serve the page below a prefix

set(assembly ".section .rodata.piman_assets,\"a\",%progbits\n")
set(declarations "")
set(rows "")
set(index 0)
foreach(name IN LISTS NAMES)
  if(name MATCHES "\\.html$")
    configure_file(${DIRECTORY}/${name} ${OUT}/${name} @ONLY)
  else()
    configure_file(${DIRECTORY}/${name} ${OUT}/${name} COPYONLY)
  endif()
  # -n leaves name and time out: the same input gives the same bytes on every machine.
  execute_process(COMMAND ${GZIP} -9nc INPUT_FILE ${OUT}/${name} OUTPUT_FILE ${OUT}/${name}.gz COMMAND_ERROR_IS_FATAL ANY)
  file(SIZE ${OUT}/${name} bytes)
  file(SIZE ${OUT}/${name}.gz gzip_bytes)
  file(SHA256 ${OUT}/${name} hash)
  content_type(${name} type)
  foreach(kind plain gzip)
    set(symbol "piman_asset_${index}_${kind}")
    set(path "${OUT}/${name}")
    if(kind STREQUAL "gzip")
      string(APPEND path ".gz")
    endif()
    string(APPEND assembly
           ".balign 16\n.global ${symbol}\n.type ${symbol}, %object\n${symbol}:\n.incbin \"${path}\"\n.byte 0\n")
    string(APPEND declarations "extern const char ${symbol}[];\n")
  endforeach()
  string(APPEND rows "    {\"${name}\", \"${type}\", \"${hash}\",\n     {piman_asset_${index}_plain, ${bytes}}, "
                     "{piman_asset_${index}_gzip, ${gzip_bytes}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
string(APPEND assembly ".section .note.GNU-stack,\"\",%progbits\n")

file(WRITE ${OUT}/embedded_assets.S "// ${bundle}\n${assembly}")
file(WRITE ${OUT}/embedded_assets.inc
     "// Written by EmbedAssets.cmake.\nextern \"C\" {\n${declarations}}\n"
     "constexpr std::string_view kBundle = \"${bundle}\";\n"
     "const std::array<Asset, ${index}> kAssets = {{\n${rows}}};\n")
