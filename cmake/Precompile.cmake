# SPDX-License-Identifier: Apache-2.0
# A build from nothing, without a compile cache, in half the time: the headers that nearly every source includes are read
# once a target, and a few sources are compiled as one, so that templates are instantiated once for all of them.
# Where there is a compile cache it is off: it would find nothing again.
if(CCACHE_PROGRAM)
  set(PIMAN_PRECOMPILE_DEFAULT OFF)
else()
  set(PIMAN_PRECOMPILE_DEFAULT ON)
endif()
option(PIMAN_PRECOMPILE "Precompile headers, and compile sources together" ${PIMAN_PRECOMPILE_DEFAULT})

# Fewer sources don't pay for the reading.
set(PIMAN_PRECOMPILE_SOURCES 3)
set(PIMAN_SOURCES_TOGETHER 6)

# Compiled alone, since names of their anonymous namespaces are also a neighbour's.
set(PIMAN_SOURCES_ALONE
  common/http/server.cc
  manager/api/event_json.cc
  manager/api/json.cc
  manager/api/routes.cc
  manager/backup/archive_format.cc
  manager/backup/backup.cc
  manager/backup/backup_archive.cc
  manager/backup/file_io.cc
  manager/backup/moves.cc
  manager/backup/restore.cc
  manager/backup/site_files.cc
  manager/backup_command.cc
  manager/backup_json.cc
  manager/boot_image/fat_plan.cc
  manager/boot_image/import.cc
  manager/ca/command_parts.cc
  manager/ca/later_commands.cc
  manager/ca/ledger.cc
  manager/ca/revocation.cc
  manager/config_agents.cc
  manager/config_import_command.cc
  manager/config_import_hosts.cc
  manager/config_import_site.cc
  manager/config_keys.cc
  manager/config_switches.cc
  manager/config_watch.cc
  manager/config_web.cc
  manager/fleet/inventory.cc
  manager/images/gunzip.cc
  manager/init/command.cc
  manager/init/interview.cc
  manager/init/machine.cc
  manager/init/plan.cc
  manager/init/report.cc
  manager/init/report_json.cc
  manager/init/socket_table.cc
  manager/new_file.cc
  manager/node_certificates.cc
  manager/store/copies.cc
  manager/store/inspect.cc
  manager/store/recovery.cc
  manager/store/store.cc
  manager/store/wal_check.cc
  netboot/dhcp/server_query.cc
  netboot/dhcp/server_search.cc
  node-agent/collectors/dmi.cc
  node-agent/collectors/nfsd.cc
  node-agent/collectors/tcpstat.cc
  tests/manager/backup/archive_format_test.cc
  tests/manager/backup/backup_test.cc
  tests/manager/ca/certificate_test.cc
  tests/manager/ca/folder_test.cc
  tests/manager/ca/ledger_test.cc
  tests/manager/config_import_hosts_test.cc
  tests/manager/config_import_site_test.cc
  tests/manager/config_switches_test.cc
  tests/manager/config_test.cc
  tests/manager/init/interview_test.cc
  tests/manager/init/plan_test.cc
  tests/manager/init/report_test.cc
  tests/manager/init/socket_table_test.cc
  tests/manager/inventory_test.cc
  tests/manager/netboot_api_test.cc
  tests/manager/new_file_test.cc
  tests/manager/phase_test.cc
  tests/manager/scrape_plan_test.cc
  tests/manager/store/migration_test.cc
  tests/manager/store/recovery_test.cc
  tests/manager/store/store_test.cc
  tests/manager/store/wal_check_test.cc
  tests/manager/watch/payloads_test.cc
  tests/netboot/dhcp/server_query_test.cc
  tests/netboot/tftp/transfer_test.cc
  tests/node-agent/collectors/cpu_sysfs_test.cc
  tests/node-agent/collectors/cpu_test.cc
  tests/node-agent/collectors/rpi_clocks_test.cc
  tests/node-agent/collectors/udp_queues_test.cc)
list(TRANSFORM PIMAN_SOURCES_ALONE PREPEND ${PROJECT_SOURCE_DIR}/)

function(piman_precompile_target target)
  get_target_property(type ${target} TYPE)
  if(NOT type MATCHES "^(STATIC_LIBRARY|OBJECT_LIBRARY|EXECUTABLE)$")
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cc$")
  list(LENGTH sources count)
  if(count LESS PIMAN_PRECOMPILE_SOURCES)
    return()
  endif()
  get_target_property(directory ${target} SOURCE_DIR)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${directory})
    # What is optimised differently can't use it.
    get_source_file_property(options ${source} TARGET_DIRECTORY ${target} COMPILE_OPTIONS)
    if(options)
      set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
    if(source IN_LIST PIMAN_SOURCES_ALONE)
      set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
  set(headers <algorithm> <array> <chrono> <functional> <map> <memory> <optional> <string> <string_view> <vector>)
  get_target_property(libraries ${target} LINK_LIBRARIES)
  if("piman::test_support" IN_LIST libraries)
    list(PREPEND headers <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  list(TRANSFORM headers REPLACE "(.+)" "$<$<COMPILE_LANGUAGE:CXX>:\\1>")
  # What is shipped of the agent is compiled source by source, whoever builds it: its size and speed are measured. The
  # rest is compiled without these headers: GCC 12 then takes them for ours, and warns of what it has inlined from them.
  set(is_small FALSE)
  if(directory MATCHES "/(node-agent|common)$")
    set(is_small TRUE)
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL Debug OR is_small)
    target_precompile_headers(${target} PRIVATE ${headers})
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL Debug OR NOT is_small)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${PIMAN_SOURCES_TOGETHER})
    # GCC takes a source that is included for a header, in which that would be a mistake.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# All targets of `directory` and below.
function(piman_precompile directory)
  if(NOT PIMAN_PRECOMPILE)
    return()
  endif()
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    piman_precompile_target(${target})
  endforeach()
  get_property(below DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(subdirectory IN LISTS below)
    piman_precompile(${subdirectory})
  endforeach()
endfunction()
