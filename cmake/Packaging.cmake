# SPDX-License-Identifier: Apache-2.0
# What goes beside the binaries, and the .deb packages: `cpack -G DEB` in a release build makes one a component.
set(unit_dir lib/systemd/system)  # below the prefix "/usr"; Debian 12 reads it there too, its /lib is a link

# piman_install_unit(FILE COMPONENT): where its program is is known only then; the prefix of a package is not the build's.
function(piman_install_unit file component)
  get_filename_component(name ${file} NAME_WLE)
  install(CODE "set(CMAKE_INSTALL_FULL_BINDIR \"\${CMAKE_INSTALL_PREFIX}/bin\")
    configure_file(\"${PROJECT_SOURCE_DIR}/${file}\" \"${PROJECT_BINARY_DIR}/${name}\" @ONLY)" COMPONENT ${component})
  install(FILES ${PROJECT_BINARY_DIR}/${name} DESTINATION ${unit_dir} COMPONENT ${component})
endfunction()

if(PIMAN_AGENT)
  piman_install_unit(node-agent/piman-node-agent.service.in agent)
  install(FILES ${PROJECT_SOURCE_DIR}/node-agent/piman-node-agent.default DESTINATION /etc/default
    RENAME piman-node-agent COMPONENT agent)
  install(FILES ${PROJECT_SOURCE_DIR}/node-agent/more-collectors.conf DESTINATION share/doc/piman-node-agent/examples
          COMPONENT agent)
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/agent.copyright DESTINATION share/doc/piman-node-agent
    RENAME copyright COMPONENT agent)

  # Compressed at build time, without a time stamp: the same tree gives the same package.
  find_program(GZIP_PROGRAM gzip REQUIRED)
  set(package_files ${PROJECT_BINARY_DIR}/package)
  file(MAKE_DIRECTORY ${package_files})
  add_custom_command(OUTPUT ${package_files}/changelog.gz
    COMMAND ${GZIP_PROGRAM} -9nc ${PROJECT_SOURCE_DIR}/packaging/changelog > ${package_files}/changelog.gz
    DEPENDS ${PROJECT_SOURCE_DIR}/packaging/changelog VERBATIM)
  add_custom_command(OUTPUT ${package_files}/piman-node-agent.1.gz
    COMMAND ${GZIP_PROGRAM} -9nc ${PROJECT_SOURCE_DIR}/docs/piman-node-agent.1 > ${package_files}/piman-node-agent.1.gz
    DEPENDS ${PROJECT_SOURCE_DIR}/docs/piman-node-agent.1 VERBATIM)
  add_custom_target(piman_package_files ALL
    DEPENDS ${package_files}/changelog.gz ${package_files}/piman-node-agent.1.gz)
  install(FILES ${package_files}/changelog.gz DESTINATION share/doc/piman-node-agent COMPONENT agent)
  install(FILES ${package_files}/piman-node-agent.1.gz DESTINATION share/man/man1 COMPONENT agent)
endif()

if(PIMAN_MANAGER)
  piman_install_unit(packaging/piman.service.in manager)
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/50-piman.conf DESTINATION lib/sysctl.d COMPONENT manager)
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/piman.yml DESTINATION /etc/piman COMPONENT manager)
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/piman.default DESTINATION /etc/default RENAME piman COMPONENT manager)
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/manager.copyright DESTINATION share/doc/piman
    RENAME copyright COMPONENT manager)
  find_program(GZIP_PROGRAM gzip REQUIRED)
  set(manager_files ${PROJECT_BINARY_DIR}/package/manager)
  file(MAKE_DIRECTORY ${manager_files})
  set(manager_docs)
  foreach(page packaging/changelog docs/alerts.md docs/boot_sequence.md docs/configuration.md docs/http_api.md
      docs/http_boot.md docs/images.md docs/install_protocol.md docs/migration.md docs/netboot.md docs/operations.md
      docs/page.md docs/platforms.md docs/security.md docs/troubleshooting.md docs/watching.md docs/piman.1)
    get_filename_component(name ${page} NAME)
    add_custom_command(OUTPUT ${manager_files}/${name}.gz
      COMMAND ${GZIP_PROGRAM} -9nc ${PROJECT_SOURCE_DIR}/${page} > ${manager_files}/${name}.gz
      DEPENDS ${PROJECT_SOURCE_DIR}/${page} VERBATIM)
    list(APPEND manager_docs ${manager_files}/${name}.gz)
  endforeach()
  # Where shells look for what belongs to a command.
  set(completion_of_bash share/bash-completion/completions piman)
  set(completion_of_zsh share/zsh/vendor-completions _piman)
  set(completion_of_fish share/fish/vendor_completions.d piman.fish)
  set(completions)
  if(NOT CMAKE_CROSSCOMPILING)
    foreach(shell bash zsh fish)
      set(completion ${manager_files}/completion.${shell})
      add_custom_command(OUTPUT ${completion} COMMAND piman completion ${shell} > ${completion} DEPENDS piman VERBATIM)
      list(APPEND completions ${completion})
      list(GET completion_of_${shell} 0 folder)
      list(GET completion_of_${shell} 1 name)
      install(FILES ${completion} DESTINATION ${folder} RENAME ${name} COMPONENT manager)
    endforeach()
  endif()
  add_custom_target(piman_manager_package_files ALL DEPENDS ${manager_docs} ${completions})
  list(REMOVE_ITEM manager_docs ${manager_files}/piman.1.gz)
  install(FILES ${manager_docs} DESTINATION share/doc/piman COMPONENT manager)
  # As they are: whoever is called at night reads one page of them, and none is large.
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/runbooks DESTINATION share/doc/piman COMPONENT manager
    FILES_MATCHING PATTERN "*.md")
  install(FILES ${manager_files}/piman.1.gz DESTINATION share/man/man1 COMPONENT manager)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL)
if(PIMAN_AGENT)
  list(APPEND CPACK_COMPONENTS_ALL agent)
endif()
if(PIMAN_MANAGER)
  list(APPEND CPACK_COMPONENTS_ALL manager)
endif()
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGE_CONTACT "piman maintainers <maintainers@piman.invalid>")
set(CPACK_DEBIAN_AGENT_PACKAGE_NAME piman-node-agent)
set(CPACK_DEBIAN_AGENT_PACKAGE_SECTION net)
set(CPACK_COMPONENT_AGENT_DESCRIPTION "metrics of a Raspberry Pi for Prometheus and piman
 Serves node_exporter's metric families at a fraction of its cost, and what
 only a Raspberry Pi has: throttling, under-voltage, clocks, firmware, card.
 It also answers the piman manager's events requests. It needs no privilege
 and writes nothing to disk.")
# The portable build links all but the C library statically, so one package serves Debian 12, 13 and Raspberry Pi OS.
set(CPACK_DEBIAN_AGENT_PACKAGE_DEPENDS "libc6 (>= 2.36), init-system-helpers (>= 1.52)")
# TLS and passwords are loaded when a web configuration asks for them.
set(CPACK_DEBIAN_AGENT_PACKAGE_RECOMMENDS "libssl3 | libssl3t64, libcrypt1")
set(CPACK_DEBIAN_AGENT_PACKAGE_CONTROL_EXTRA "")

set(CPACK_DEBIAN_MANAGER_PACKAGE_NAME piman)
set(CPACK_DEBIAN_MANAGER_PACKAGE_SECTION net)
set(CPACK_COMPONENT_MANAGER_DESCRIPTION "netboots, installs and watches a fleet of Raspberry Pis
 One service that gives Raspberry Pis their addresses and boot files, installs
 systems on their cards, scrapes their node agents, switches their power at
 PoE ports, and tells Prometheus, Slack and a web page how they are.")
set(CPACK_DEBIAN_MANAGER_PACKAGE_SHLIBDEPS ON)  # of this release: its libraries are linked dynamically
set(CPACK_DEBIAN_MANAGER_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.52), libssl3 | libssl3t64, libcrypt1")
set(CPACK_DEBIAN_MANAGER_PACKAGE_RECOMMENDS "binutils, mmdebstrap, openssl, python3")
set(CPACK_DEBIAN_MANAGER_PACKAGE_SUGGESTS "prometheus, prometheus-alertmanager")
set(CPACK_DEBIAN_MANAGER_PACKAGE_CONTROL_EXTRA "")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# package_control(COMPONENT FOLDER conffile...): maintainer scripts and the list of conffiles.
function(package_control component folder)
  string(TOUPPER ${component} upper)
  set(extra)
  foreach(script postinst prerm postrm)
    file(COPY_FILE ${PROJECT_SOURCE_DIR}/packaging/${component}.${script} ${folder}/${script} ONLY_IF_DIFFERENT)
    list(APPEND extra ${folder}/${script})
  endforeach()
  list(JOIN ARGN "\n" conffiles)
  file(WRITE ${folder}/conffiles "${conffiles}\n")
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA ${extra} ${folder}/conffiles PARENT_SCOPE)
endfunction()
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/package/manager)
package_control(agent ${PROJECT_BINARY_DIR}/package /etc/default/piman-node-agent)
package_control(manager ${PROJECT_BINARY_DIR}/package/manager /etc/default/piman /etc/piman/piman.yml)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm")
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE armhf)
endif()
include(CPack)
