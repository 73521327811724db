# SPDX-License-Identifier: Apache-2.0
"""Node: one Pi in depth. What is asked first stands open; the rest opens row by row. Several chosen nodes are compared
line by line; where values are stacked, their mean or their sum is shown."""
from builder import Dashboard, coloured_cell, lines, override, query, stat, states, steps, table, width, words
from common import (BAD_IF_ANY, EVENTS, FULL, HOT, NEUTRAL, NODE, ONE_NODE, PHASE_WORDS, SHARE, SITE, alert_table,
                    keyed, phase_code)
from node_details import DETAILS

CPU_COLOURS = {"user": "blue", "system": "orange", "iowait": "red", "nice": "purple", "irq": "yellow", "softirq": "semi-dark-yellow",
               "steal": "dark-red", "idle": "rgba(128,128,128,0.2)"}
HELD = words((0, "no", "green"), (1, "yes", "red"))


def fixed(name, colour):
    return override(name, color={"mode": "fixed", "fixedColor": colour})


def one(metric, function="max"):
    return f"{function} by (site, node) ({metric})"


NUMBERS = [
    stat("State", "The phase in which the manager sees the node.", "none", query(phase_code(), "{{node}}"), mappings=PHASE_WORDS,
         colour="background"),
    stat("Uptime", "Since the node's last boot, as its kernel says.", "s",
         query("time() - max by (site, node) (piman_node_boot_time_seconds{<n>}) and on (site, node) piman_node_up{<n>} == 1", "{{node}}"), thresholds=NEUTRAL, decimals=1),
    stat("CPU", "Busy share of all cores.", "percentunit",
         query('1 - avg by (site, node) (rate(node_cpu_seconds_total{<n>,mode="idle"}[<r>]))', "{{node}}"), thresholds=SHARE,
         graph=True, decimals=0, min=0, max=1),
    stat("Memory", "Share of memory that is not available to new programs.", "percentunit",
         query("1 - max by (site, node) (node_memory_MemAvailable_bytes{<n>} / node_memory_MemTotal_bytes{<n>})", "{{node}}"),
         thresholds=SHARE, graph=True, decimals=0, min=0, max=1),
    stat("Disk /", "Used share of /, as df shows it.", "percentunit",
         query("piman_node_disk_ratio{<n>}", "{{node}}"), thresholds=FULL, graph=True, decimals=0, min=0, max=1),
    stat("Heat", "Temperature of the processor.", "celsius", query(one("piman_node_temperature_celsius{<n>}"), "{{node}}"),
         thresholds=HOT, graph=True, decimals=0),
    stat("Held back", "Whether the supply is too weak or the firmware slows the node down at this moment.", "none",
         query("max by (site, node) (rpi_throttled{<n>})", "{{node}}"), mappings=HELD),
    stat("Since boot", "Whether that has happened since the node booted.", "none",
         query("max by (site, node) (rpi_throttled_occurred{<n>})", "{{node}}"), mappings=words((0, "never", "green"), (1, "yes", "orange"))),
]

FACTS = table(
    "What it is", "Board, system and boot facts, as the node says them.",
    [query(expression, table=True) for expression in (
        'label_join(max by (site, node, address, mac) (piman_node_info{<n>}), "key", "/", "site", "node")',
        'max by (key, model, serial) (label_join(label_replace(rpi_info{<n>}, "model", "$1", "model", "Raspberry (Pi .+)"),'
        ' "key", "/", "site", "node"))',
        keyed("rpi_memory_bytes{<n>} or node_memory_MemTotal_bytes{<n>}"),
        'max by (key, release, machine) (label_join(node_uname_info{<n>}, "key", "/", "site", "node"))',
        'max by (key, pretty_name) (label_join(node_os_info{<n>}, "key", "/", "site", "node"))',
        'max by (key, mode) (label_join(rpi_boot_info{<n>}, "key", "/", "site", "node"))',
        keyed("rpi_bootloader_build_timestamp_seconds{<n>} * 1000"),
        keyed("rpi_firmware_build_timestamp_seconds{<n>} * 1000"),
        'max by (key, image, version) (label_join(piman_node_image_info{<n>}, "key", "/", "site", "node"))',
        keyed("rpi_reboot_required{<n>}"),
        keyed("rpi_unclean_shutdown{<n>}"))],
    [("node", "Node", width(80)), ("model", "Board", width(170)), ("serial", "Serial", width(150)),
     ("Value #C", "Memory", width(80, unit="bytes", decimals=0)), ("pretty_name", "System", width(235)),
     ("release", "Kernel", width(150)), ("machine", "Machine", width(80)), ("mode", "Boots from", width(90)),
     ("Value #G", "Bootloader", width(110, unit="dateTimeFromNow")), ("Value #H", "Firmware", width(110, unit="dateTimeFromNow")),
     ("image", "Image", width(100)), ("version", "Version", width(80)),
     ("Value #J", "Reboot due", coloured_cell("none", mappings=words((0, "no", "text"), (1, "yes", "orange")), width=105)),
     ("Value #K", "Last shutdown", coloured_cell("none", mappings=words((0, "clean", "text"), (1, "unclean", "orange")), width=130)),
     ("address", "Address", {}), ("mac", "Hardware address", {})],
    key="key", h=4, sort="Node")

OVERVIEW = [
    lines("CPU by mode", "Share of all cores together in each mode; of several nodes their mean.", "percentunit",
          query('avg by (mode) (rate(node_cpu_seconds_total{<n>,mode!="idle"}[<r>]))', "{{mode}}"), w=8, stack=True, max=1, min=0,
          overrides=[fixed(mode, colour) for mode, colour in CPU_COLOURS.items()]),
    lines("Memory by use", "What memory is used for; of several nodes their sum.", "bytes",
          [query("sum(node_memory_MemTotal_bytes{<n>} - node_memory_MemFree_bytes{<n>} - node_memory_Buffers_bytes{<n>}"
                 " - node_memory_Cached_bytes{<n>} - node_memory_SReclaimable_bytes{<n>})", "programs"),
           query("sum(node_memory_Buffers_bytes{<n>} + node_memory_Cached_bytes{<n>} + node_memory_SReclaimable_bytes{<n>})", "cache"),
           query("sum(node_memory_MemFree_bytes{<n>})", "free"),
           query("sum(node_memory_SwapTotal_bytes{<n>} - node_memory_SwapFree_bytes{<n>})", "swap")], w=8, stack=True, min=0,
          overrides=[fixed("programs", "blue"), fixed("cache", "yellow"), fixed("free", "rgba(128,160,128,0.5)"), fixed("swap", "red")]),
    lines("Temperature", "Of the processor and of the power management chip. From 80 degrees on the firmware slows it down.",
          "celsius", [query("rpi_temperature_celsius{<n>}", "{{node}} {{sensor}}"),
                      query("node_thermal_zone_temp{<n>} unless on (site, node) rpi_temperature_celsius{<n>}", "{{node}} {{type}}")],
          w=8, thresholds=steps("transparent", (80, "red")), custom={"thresholdsStyle": {"mode": "dashed"}}),
    lines("Network", "Traffic by device: received above, sent below.", "Bps",
          [query("rate(node_network_receive_bytes_total{<n>}[<r>])", "{{node}} {{device}} received"),
           query("rate(node_network_transmit_bytes_total{<n>}[<r>])", "{{node}} {{device}} sent")], w=8, negative="/sent$/"),
    lines("Disk", "Throughput by device: read above, written below.", "Bps",
          [query("rate(node_disk_read_bytes_total{<n>}[<r>])", "{{node}} {{device}} read"),
           query("rate(node_disk_written_bytes_total{<n>}[<r>])", "{{node}} {{device}} written")], w=8, negative="/written$/"),
    lines("Load", "Threads that run or wait, mean of 1, 5 and 15 minutes, and how many cores there are.", "none",
          [query("node_load1{<n>}", "{{node}} 1 m"), query("node_load5{<n>}", "{{node}} 5 m"), query("node_load15{<n>}", "{{node}} 15 m"),
           query('count by (node) (node_cpu_seconds_total{<n>,mode="idle"})', "{{node}} cores")], w=8,
          overrides=[override("/cores$/", custom__lineStyle={"fill": "dash", "dash": [8, 8]}, custom__fillOpacity=0)]),
]

CONDITIONS = words((0, "no", "rgba(128,128,128,0.12)"), (1, "yes", "red"))
POWER_AND_HEAT = [
    states("Why the firmware holds it back", "Each condition of rpi_throttled over time. Under-voltage: the supply is too weak; "
           "frequency capped and throttled: slowed down; soft temperature limit: from 60 degrees on, of a 3B+.",
           query("max by (site, node, condition) (rpi_throttled{<n>})", "{{node}} {{condition}}"), CONDITIONS, w=12, h=7),
    lines("How often it began", "Begins of each condition within the time of a point.", "none",
          query("increase(rpi_throttled_events_total{<n>}[<r>])", "{{node}} {{condition}}"), w=6, h=7),
    lines("Kernel messages of trouble", "Messages within the time of a point, by what they tell of.", "none",
          query("increase(rpi_kernel_messages_total{<n>}[<r>])", "{{node}} {{kind}}"), w=6, h=7),
    lines("Clocks", "Rates that the firmware measures.", "hertz", query("rpi_clock_hertz{<n>}", "{{node}} {{clock}}"), w=8),
    lines("Voltages of the firmware", "What the firmware has set for each rail.", "volt", query("rpi_voltage_volts{<n>}", "{{node}} {{rail}}"), w=8,
          custom={"axisSoftMin": None}),
    lines("Input voltage", "What the supply delivers (Pi 5). Below 4.63 V it is too weak.", "volt",
          query('rpi_pmic_volts{<n>,rail="EXT5V"}', "{{node}}"), w=8, thresholds=steps("red", (4.63, "transparent")),
          custom={"thresholdsStyle": {"mode": "dashed"}, "axisSoftMin": 4.5}),
    lines("Power by rail", "Voltage times current of each rail of the power management chip (Pi 5).", "watt",
          query("sum by (node, rail) (rpi_pmic_volts{<n>} * on (site, node, rail) rpi_pmic_amperes{<n>})", "{{node}} {{rail}}"), w=8, stack=True),
    lines("Fan", "Turns of the fan a minute.", "rotrpm", query("rpi_fan_speed_rpm{<n>}", "{{node}}"), w=4),
    lines("Cooling", "How hard each cooling device works, of its hardest.", "percentunit",
          query("node_cooling_device_cur_state{<n>} / (node_cooling_device_max_state{<n>} > 0)", "{{node}} {{type}} {{name}}"), w=4, max=1),
    table("Supply", "What feeds the board: current of the supply, of PoE, ports and the clock's battery.",
          [query(expression, table=True) for expression in (
              'label_join(max by (site, node) (piman_node_info{<n>}), "key", "/", "site", "node")',
              keyed("rpi_power_supply_max_current_amperes{<n>}"), keyed("rpi_usb_high_current_enabled{<n>}"),
              keyed("rpi_usb_over_current_at_boot{<n>}"), keyed("rpi_rtc_battery_volts{<n>}"), keyed("rpi_poe_current_amperes{<n>}"),
              keyed("rpi_poe_max_current_amperes{<n>}"))],
          [("node", "Node", {}), ("Value #B", "Supply", {"unit": "amp"}),
           ("Value #C", "USB current", coloured_cell("none", mappings=words((0, "600 mA", "orange"), (1, "full", "green")))),
           ("Value #D", "USB fault", coloured_cell("none", mappings=words((0, "no", "green"), (1, "at boot", "red")))),
           ("Value #E", "Clock battery", {"unit": "volt"}), ("Value #F", "PoE", {"unit": "amp"}), ("Value #G", "PoE at most", {"unit": "amp"})],
          key="key", w=8, h=8, sort="Node"),
]

STORAGE = [
    lines("File systems", "Used share of each file system, as df shows it.", "percentunit",
          query("1 - node_filesystem_avail_bytes{<n>} / (node_filesystem_size_bytes{<n>} - node_filesystem_free_bytes{<n>}"
                " + node_filesystem_avail_bytes{<n>})", "{{node}} {{mountpoint}}"), w=8, max=1, min=0),
    lines("Full in", "When each file system will be full if it goes on as in the last 6 hours; what empties is left out.", "s",
          query("node_filesystem_avail_bytes{<n>} / (-deriv(node_filesystem_avail_bytes{<n>}[6h]) > 0)", "{{node}} {{mountpoint}}"), w=8,
          custom={"scaleDistribution": {"type": "log", "log": 10}}),
    lines("Written a day", "What is written to each device, as bytes a day: cards wear out by it.", "bytes",
          query("rate(node_disk_written_bytes_total{<n>}[<r>]) * 86400", "{{node}} {{device}}"), w=8),
    table("Cards", "SD cards and eMMC: what they are, their life, and errors that ext4 noted.",
          [query(expression, table=True) for expression in (
              'label_join(max by (site, node) (piman_node_info{<n>}), "key", "/", "site", "node")',
              'max by (key, device, name, manfid, date, type) (label_join(rpi_mmc_info{<n>}, "key", "/", "site", "node"))',
              keyed("rpi_mmc_life_time_used_ratio{<n>}"), keyed("rpi_mmc_pre_eol_state{<n>}"),
              keyed("max by (site, node) (rpi_ext4_errors_total{<n>})"), keyed("max by (site, node) (rpi_ext4_last_error_timestamp_seconds{<n>}) * 1000"),
              keyed("max by (site, node) (rpi_ext4_written_bytes_total{<n>})"), keyed("rpi_root_readonly{<n>}"))],
          [("node", "Node", {}), ("device", "Device", {}), ("type", "Type", {}), ("name", "Name", {}), ("manfid", "Maker", {}), ("date", "Made", {}),
           ("Value #C", "Life used", coloured_cell("percentunit", FULL)), ("Value #D", "Reserve", coloured_cell("none", mappings=words(
               (1, "normal", "green"), (2, "80 % used", "orange"), (3, "90 % used", "red")))),
           ("Value #E", "ext4 errors", coloured_cell("none", BAD_IF_ANY)), ("Value #F", "Last error", {"unit": "dateTimeFromNow"}),
           ("Value #G", "Written ever", {"unit": "bytes"}),
           ("Value #H", "Root", coloured_cell("none", mappings=words((0, "writable", "green"), (1, "read-only", "red"))))],
          key="key", w=24, h=5, sort="Node"),
    lines("Operations", "Requests that disks completed: reads above, writes below.", "iops",
          [query("rate(node_disk_reads_completed_total{<n>}[<r>])", "{{node}} {{device}} reads"),
           query("rate(node_disk_writes_completed_total{<n>}[<r>])", "{{node}} {{device}} writes")], w=8, negative="/writes$/"),
    lines("Time a request takes", "Mean time of reads and writes, waiting included.", "s",
          [query("rate(node_disk_read_time_seconds_total{<n>}[<r>]) / rate(node_disk_reads_completed_total{<n>}[<r>])", "{{node}} {{device}} read"),
           query("rate(node_disk_write_time_seconds_total{<n>}[<r>]) / rate(node_disk_writes_completed_total{<n>}[<r>])", "{{node}} {{device}} write")], w=8),
    lines("Busy", "Share of time in which each device had a request.", "percentunit",
          query("rate(node_disk_io_time_seconds_total{<n>}[<r>])", "{{node}} {{device}}"), w=8, max=1, min=0),
]


def node():
    board = Dashboard(NODE, "piman / Node", """One Raspberry Pi in depth: power, heat, card and boot facts of the Pi itself beside all that
        node_exporter's dashboards show. Choose several nodes to compare them.""", [SITE, ONE_NODE], EVENTS, time="now-3h")
    board.add(*NUMBERS)
    board.add(FACTS)
    board.add(
        states("What it was doing", "The node's phases as the manager sees them.", query(phase_code(), "{{node}}"), PHASE_WORDS, w=16, h=5),
        alert_table("<n>", w=8, h=5, columns=("alertname", "severity")))
    board.add(*OVERVIEW)
    board.row("Power and heat", *POWER_AND_HEAT)
    board.row("Storage", *STORAGE)
    for title, panels in DETAILS:
        board.row(title, *panels, collapsed=True)
    return board
