# SPDX-License-Identifier: Apache-2.0
# One interface target, piman::flags, carries warnings, sanitizers and hardening. Only our own targets link it:
# civetweb's source, compiled beside ours, keeps its own warnings to itself.
add_library(piman_flags INTERFACE)
add_library(piman::flags ALIAS piman_flags)

target_include_directories(piman_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(piman_flags INTERFACE PIMAN_VERSION="${PROJECT_VERSION}")
target_compile_options(piman_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Wthread-safety-beta>
  $<$<BOOL:${PIMAN_WERROR}>:-Werror>)

# Light optimisation in Debug: unoptimised tests take several times as long on two cores.
string(REPLACE "-g" "-g1 -Og" CMAKE_CXX_FLAGS_DEBUG "${CMAKE_CXX_FLAGS_DEBUG}")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")

if(PIMAN_SANITIZE)
  # Whole-program: a sanitizer must see the C sources as well.
  add_compile_options(-fsanitize=${PIMAN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # What no sanitizer sees: an index beyond the end of a vector that is still within its storage, an empty optional read.
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  string(REPLACE "fuzzer-no-link," "" PIMAN_SANITIZE_LINK "${PIMAN_SANITIZE}")
  add_link_options(-fsanitize=${PIMAN_SANITIZE_LINK})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND PIMAN_SANITIZE MATCHES "address")
    # As shared libraries the two write to different places, and log_path is that of one; and what is preloaded (libfaketime)
    # would have to come after them.
    add_link_options(-static-libasan -static-libubsan)
  endif()
elseif(PIMAN_COVERAGE)
  # Unoptimised: a line of the source is then a line of the program. Threads count as well.
  add_compile_options(--coverage -O0 -fprofile-update=atomic)
  add_link_options(--coverage)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections)
  add_link_options(-Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_link_options(-pie)
endif()
