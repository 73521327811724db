# SPDX-License-Identifier: Apache-2.0
# Gives the target piman::prometheus_core.
#
# Debian ships prometheus-cpp as shared libraries only, under another name in each release. Where scripts/build could
# fetch Debian's source package (into .deps/prometheus-cpp) its core is compiled in, so that one agent binary runs on
# Debian 12, 13 and Raspberry Pi OS and starts without loading it; otherwise the shared library serves.
set(PIMAN_PROMETHEUS_CPP_SOURCE ${PROJECT_SOURCE_DIR}/.deps/prometheus-cpp CACHE PATH "Unpacked source of prometheus-cpp")

if(EXISTS ${PIMAN_PROMETHEUS_CPP_SOURCE}/core/src/registry.cc)
  message(STATUS "prometheus-cpp: compiled from ${PIMAN_PROMETHEUS_CPP_SOURCE}")
  set(core ${PIMAN_PROMETHEUS_CPP_SOURCE}/core)
  add_library(piman_prometheus_core STATIC
    ${core}/src/check_names.cc
    ${core}/src/counter.cc
    ${core}/src/detail/builder.cc
    ${core}/src/detail/ckms_quantiles.cc
    ${core}/src/detail/time_window_quantiles.cc
    ${core}/src/detail/utils.cc
    ${core}/src/family.cc
    ${core}/src/gauge.cc
    ${core}/src/histogram.cc
    ${core}/src/registry.cc
    ${core}/src/serializer.cc
    ${core}/src/summary.cc
    ${core}/src/text_serializer.cc)
  # Its build generates this header; in a static library there is nothing to export.
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/prometheus-cpp)
  file(CONFIGURE OUTPUT ${generated}/prometheus/detail/core_export.h
    CONTENT "#pragma once\n#define PROMETHEUS_CPP_CORE_EXPORT\n")
  target_include_directories(piman_prometheus_core SYSTEM PUBLIC ${core}/include ${generated})
  target_compile_options(piman_prometheus_core PRIVATE -w $<$<CONFIG:Release>:-Os>)
  target_link_libraries(piman_prometheus_core PUBLIC Threads::Threads)
else()
  find_package(prometheus-cpp CONFIG REQUIRED)  # without a version: Debian's package has no version file
  message(STATUS "prometheus-cpp: Debian's shared library")
  add_library(piman_prometheus_core INTERFACE)
  target_link_libraries(piman_prometheus_core INTERFACE prometheus-cpp::core)
endif()
add_library(piman::prometheus_core ALIAS piman_prometheus_core)
