# SPDX-License-Identifier: Apache-2.0
"""The rows of the Node dashboard that open when they are asked for: kernel, memory, network, time, the agent itself.
A chart is a line here: title, description, unit, {what its legend says behind the node: expression}, options."""
from builder import bars, lines, query, steps, table, width
from common import YES_IS_BAD, keyed

DOWN = "/(sent|out|transmitted)$/"


def chart(title, description, unit, series, **more):
    queries = [query(expression, f"{{{{node}}}} {legend}".strip()) for legend, expression in series.items()]
    if any(legend.endswith(("sent", "out")) for legend in series):
        more.setdefault("negative", DOWN)
    more.setdefault("w", 8)
    more.setdefault("empty", "this node does not say")
    return lines(title, description, unit, queries, h=7, **more)


def rate(metric, more=""):
    return f"rate({metric}{{<n>{more}}}[<r>])"


def rates(prefix, names, legend=None):
    """Rates of counters that share the beginning of their name."""
    return {legend[name] if legend else name: rate(f"{prefix}{name}") for name in names}


def gauges(prefix, names, suffix=""):
    return {name.replace("_", " "): f"{prefix}{name}{suffix}{{<n>}}" for name in names}


def per_device(what):
    """Received and sent, by device."""
    return {"{{device}} received": rate(f"node_network_receive_{what}_total"),
            "{{device}} sent": rate(f"node_network_transmit_{what}_total")}


CPU = [
    chart("Busy by core", "Share of each core that is not idle.", "percentunit",
          {"core {{cpu}}": '1 - sum by (site, node, cpu) (rate(node_cpu_seconds_total{<n>,mode=~"idle|iowait"}[<r>]))'}, max=1, min=0),
    chart("Clock rate by core", "What the kernel has chosen.", "hertz", {"core {{cpu}}": "node_cpu_scaling_frequency_hertz{<n>}"}),
    chart("Clock range", "Lowest and highest rate that may be chosen.", "hertz",
          {"least": "min by (site, node) (node_cpu_scaling_frequency_min_hertz{<n>})",
           "most": "max by (site, node) (node_cpu_scaling_frequency_max_hertz{<n>})"}),
    chart("Lost to waiting", "Share of time in which some task waited for CPU, memory or disk (pressure stall information).", "percentunit",
          {what: rate(f"node_pressure_{what}_waiting_seconds_total") for what in ("cpu", "memory", "io")}),
    chart("All tasks stalled", "Share of time in which no task could go on for want of memory or disk.", "percentunit",
          {what: rate(f"node_pressure_{what}_stalled_seconds_total") for what in ("memory", "io")}),
    chart("Threads' time", "Time that threads ran, and waited though they could run, on each core.", "percentunit",
          {"core {{cpu}} ran": rate("node_schedstat_running_seconds_total"), "core {{cpu}} waited": rate("node_schedstat_waiting_seconds_total")}),
    chart("Switches and interrupts", "Context switches and interrupts a second.", "ops",
          {"switches": rate("node_context_switches_total"), "interrupts": rate("node_intr_total")}),
    chart("Time slices", "Time slices given to threads, by core.", "ops", {"core {{cpu}}": rate("node_schedstat_timeslices_total")}),
    chart("Guests", "Share of cores that ran virtual machines.", "percentunit",
          {"{{mode}}": "sum by (site, node, mode) (rate(node_cpu_guest_seconds_total{<n>}[<r>]))"}),
]

PROCESSES = [
    chart("Running and blocked", "Threads that run or could, and threads that wait for a disk.", "none", gauges("node_procs_", ("running", "blocked"))),
    chart("New processes", "Processes and threads made a second.", "ops", {"": rate("node_forks_total")}),
    chart("Processes", "Processes on the node, as its agent counts them for the manager.", "none", {"": "piman_node_pids{<n>}"}),
    chart("Open files", "File handles in use of all processes.", "none", {"": "node_filefd_allocated{<n>}"}),
    chart("File handles at most", "File handles that there may be.", "none", {"": "node_filefd_maximum{<n>}"}),
    chart("Entropy", "Bits that the kernel has gathered.", "none", {"": "node_entropy_available_bits{<n>}"}),
    chart("Hung tasks", "Tasks found hanging.", "none", {"": "increase(node_kernel_hung_tasks_total{<n>}[<r>])"}),
    chart("Units", "Units of systemd by state, where the agent runs with --collector.systemd.", "none", {"{{state}}": "node_systemd_units{<n>}"}),
    chart("Processes by state", "By the letters of proc(5), where the agent runs with --collector.processes.", "none",
          {"{{state}}": "node_processes_state{<n>}"}),
]

MEMORY = [
    chart("Available", "What new programs could have, and all there is.", "bytes", gauges("node_memory_", ("MemAvailable", "MemTotal"), "_bytes")),
    chart("Swap", "Size and use.", "bytes",
          {"used": "node_memory_SwapTotal_bytes{<n>} - node_memory_SwapFree_bytes{<n>}", **gauges("node_memory_", ("SwapTotal", "SwapCached"), "_bytes")}),
    chart("Swapped", "Pages swapped in, and out, a second.", "ops", {"in": rate("node_vmstat_pswpin"), "out": rate("node_vmstat_pswpout")}),
    chart("Active and inactive", "What was used lately, and what may be reclaimed first.", "bytes", gauges("node_memory_", ("Active", "Inactive"), "_bytes")),
    chart("The same in detail", "Anonymous memory and files.", "bytes",
          gauges("node_memory_", ("Active_anon", "Active_file", "Inactive_anon", "Inactive_file"), "_bytes")),
    chart("Promised", "Memory that programs asked for, and the limit.", "bytes", gauges("node_memory_", ("Committed_AS", "CommitLimit"), "_bytes")),
    chart("To be written", "Changed pages that wait for their disk.", "bytes", gauges("node_memory_", ("Dirty", "Writeback", "WritebackTmp"), "_bytes")),
    chart("Shared and mapped", "Files and shared memory that programs have mapped.", "bytes", gauges("node_memory_", ("Mapped", "Shmem"), "_bytes")),
    chart("Anonymous", "Memory of programs that no file stands behind.", "bytes", gauges("node_memory_", ("AnonPages",), "_bytes")),
    chart("Kernel", "Memory that the kernel has for itself.", "bytes",
          gauges("node_memory_", ("SReclaimable", "SUnreclaim", "KernelStack", "PageTables", "Percpu"), "_bytes"), stack=True),
    chart("Contiguous memory", "Memory set aside for devices that need it in one piece, as the camera and the GPU.", "bytes",
          gauges("node_memory_", ("CmaTotal", "CmaFree"), "_bytes")),
    chart("Locked", "Memory that can't be reclaimed.", "bytes", gauges("node_memory_", ("Unevictable", "Mlocked"), "_bytes")),
    chart("Virtual", "Addresses of vmalloc.", "bytes", gauges("node_memory_", ("VmallocUsed",), "_bytes")),
    chart("Bounced", "Buffers for devices that can't reach all of the memory.", "bytes", gauges("node_memory_", ("Bounce",), "_bytes")),
    chart("Paged", "Read from, and written to disks, KiB a second as the kernel counts them.", "deckbytes",
          {"in": rate("node_vmstat_pgpgin"), "out": rate("node_vmstat_pgpgout")}),
    chart("Page faults", "Faults a second; major ones had to wait for a disk.", "ops", {"all": rate("node_vmstat_pgfault"), "major": rate("node_vmstat_pgmajfault")}),
    chart("Killed for want of memory", "Programs that the kernel killed.", "none", {"": "increase(node_vmstat_oom_kill{<n>}[<r>])"}),
]

NETWORK = [
    chart("Packets", "Packets a second by device.", "pps", per_device("packets")),
    chart("Errors", "Packets with errors a second.", "pps", per_device("errs")),
    chart("Dropped", "Packets dropped a second.", "pps", per_device("drop")),
    chart("Multicast", "Multicast packets received a second.", "pps", {"{{device}}": rate("node_network_receive_multicast_total")}),
    chart("Queue overruns", "Packets lost in a full queue of the device.", "pps", per_device("fifo")),
    chart("Frame and carrier errors", "Malformed frames received; carrier lost, and collisions while sending.", "pps",
          {"{{device}} frame": rate("node_network_receive_frame_total"), "{{device}} carrier": rate("node_network_transmit_carrier_total"),
           "{{device}} collisions": rate("node_network_transmit_colls_total")}),
    chart("Compressed", "Compressed packets, as PPP has them.", "pps", per_device("compressed")),
    chart("Link came and went", "Changes of the link: cables and switch ports.", "none",
          {"{{device}}": "increase(node_network_carrier_changes_total{<n>}[<r>])"}),
    chart("Link", "Whether each device has a link.", "none", {"{{device}}": "node_network_up{<n>}"}, step=True, max=1),
    chart("Speed", "Of each link; 1 Gbit/s is 125 MB/s.", "Bps", {"{{device}}": "node_network_speed_bytes{<n>} >= 0"}, step=True),
    chart("Longest packet", "That each device takes (MTU).", "bytes", {"{{device}}": "node_network_mtu_bytes{<n>}"}, step=True),
    chart("Send queue", "Packets that may wait to be sent.", "none", {"{{device}}": "node_network_transmit_queue_length{<n>}"}, step=True),
    chart("Neighbours", "Entries of the ARP table by device.", "none", {"{{device}}": "node_arp_entries{<n>}"}),
    chart("Packets by core", "Received packets that each core took off the devices.", "pps", {"core {{cpu}}": rate("node_softnet_processed_total")}),
    chart("Cores too slow", "Packets dropped by a core, and times that it stopped with packets left.", "ops",
          {"core {{cpu}} dropped": rate("node_softnet_dropped_total"), "core {{cpu}} squeezed": rate("node_softnet_times_squeezed_total")}),
    chart("Wireless signal", "How strong each station is heard, where the agent runs with --collector.wifi.", "dBm",
          {"{{device}} {{mac_address}}": "node_wifi_station_signal_dbm{<n>}"}, custom={"axisSoftMin": None}),
    chart("Tracked connections", "Connections that the firewall follows, of those that it may.", "none",
          {"tracked": "node_nf_conntrack_entries{<n>}", "at most": "node_nf_conntrack_entries_limit{<n>}"}),
]

PROTOCOLS = [
    chart("TCP segments", "In above, out below, a second.", "pps", {"in": rate("node_netstat_Tcp_InSegs"), "out": rate("node_netstat_Tcp_OutSegs")}),
    chart("TCP trouble", "Sent again, timed out, bad, refused, overflown, a second.", "pps",
          {"sent again": rate("node_netstat_Tcp_RetransSegs"), "SYN again": rate("node_netstat_TcpExt_TCPSynRetrans"),
           "timeouts": rate("node_netstat_TcpExt_TCPTimeouts"), "bad": rate("node_netstat_Tcp_InErrs"), "resets": rate("node_netstat_Tcp_OutRsts"),
           "queue full": rate("node_netstat_TcpExt_ListenOverflows"), "dropped": rate("node_netstat_TcpExt_ListenDrops")}),
    chart("TCP connections", "Made and taken a second, and open.", "none",
          {"made": rate("node_netstat_Tcp_ActiveOpens"), "taken": rate("node_netstat_Tcp_PassiveOpens"), "open": "node_netstat_Tcp_CurrEstab{<n>}"}),
    chart("SYN cookies", "Sent, received and refused, a second.", "pps", rates("node_netstat_TcpExt_Syncookies", ("Sent", "Recv", "Failed"))),
    chart("UDP datagrams", "In above, out below, a second.", "pps", {"in": rate("node_netstat_Udp_InDatagrams"), "out": rate("node_netstat_Udp_OutDatagrams")}),
    chart("UDP trouble", "Bad, for no one, and no room, a second.", "pps",
          rates("node_netstat_Udp_", ("InErrors", "NoPorts", "RcvbufErrors", "SndbufErrors"))),
    chart("ICMP", "In above, out below, a second.", "pps", {"in": rate("node_netstat_Icmp_InMsgs"), "out": rate("node_netstat_Icmp_OutMsgs")}),
    chart("ICMP errors", "Bad messages received a second.", "pps", {"": rate("node_netstat_Icmp_InErrors")}),
    chart("IP", "All that IPv4 took and sent.", "Bps", {"in": rate("node_netstat_IpExt_InOctets"), "out": rate("node_netstat_IpExt_OutOctets")}),
    chart("IP forwarding", "1: packets of others are passed on, 2: they are not.", "none", {"": "node_netstat_Ip_Forwarding{<n>}"}, step=True),
    chart("Sockets", "In use, all protocols.", "none", gauges("node_sockstat_", ("sockets_used",))),
    chart("TCP sockets", "By what they are at.", "none", gauges("node_sockstat_TCP_", ("alloc", "inuse", "orphan", "tw"))),
    chart("Other sockets", "In use.", "none", gauges("node_sockstat_", ("UDP_inuse", "UDPLITE_inuse", "RAW_inuse", "FRAG_inuse"))),
    chart("Memory of sockets", "Held by TCP, UDP and fragments.", "bytes", gauges("node_sockstat_", ("TCP_mem_bytes", "UDP_mem_bytes", "FRAG_memory"))),
    chart("UDP queues", "Data that waits in UDP sockets.", "bytes", {"{{ip}} {{queue}}": "node_udp_queues{<n>}"}),
]

DISKS = [
    chart("Requests under way", "At this moment, and the mean since the last look.", "none",
          {"{{device}} now": "node_disk_io_now{<n>}", "{{device}} mean": rate("node_disk_io_time_weighted_seconds_total")}),
    chart("Merged", "Requests that were joined to one, a second.", "iops",
          {"{{device}} reads": rate("node_disk_reads_merged_total"), "{{device}} writes": rate("node_disk_writes_merged_total")}),
    chart("Discards", "Trim requests a second.", "iops", {"{{device}}": rate("node_disk_discards_completed_total")}),
    chart("Flushes", "Requests to bring all to the medium, a second.", "iops", {"{{device}}": rate("node_disk_flush_requests_total")}),
    chart("Time of flushes", "Share of time that they took.", "percentunit", {"{{device}}": rate("node_disk_flush_requests_time_seconds_total")}),
    chart("ext4 errors", "Errors that ext4 noted, since the last check.", "none", {"{{device}}": "rpi_ext4_errors_total{<n>}"}, step=True),
    chart("Inodes", "Used share of the inodes of each file system.", "percentunit",
          {"{{mountpoint}}": "1 - node_filesystem_files_free{<n>} / (node_filesystem_files{<n>} > 0)"}, max=1),
    chart("Free", "Space that users may fill.", "bytes", {"{{mountpoint}}": "node_filesystem_avail_bytes{<n>}"}),
    chart("Read-only and errors", "File systems that can't be written, or not be asked.", "none",
          {"{{mountpoint}} read-only": "node_filesystem_readonly{<n>}", "{{mountpoint}} error": "node_filesystem_device_error{<n>}"}, step=True, max=1),
]

TIME = [
    chart("Against the manager", "How far the node's clock is ahead of the manager's, and how far that may be off.", "s",
          {"ahead": "piman_node_clock_offset_seconds{<n>}", "may be off": "piman_node_clock_offset_uncertainty_seconds{<n>}"}, custom={"axisSoftMin": None}),
    chart("Kept in step", "1: a time source keeps the clock, 0: none does.", "none", {"": "node_timex_sync_status{<n>}"}, step=True, max=1),
    chart("Error of the clock", "As the kernel estimates it, and at most.", "s",
          {"estimated": "node_timex_estimated_error_seconds{<n>}", "at most": "node_timex_maxerror_seconds{<n>}"}),
    chart("Still to be corrected", "Offset that the clock still has.", "s", {"": "node_timex_offset_seconds{<n>}"}, custom={"axisSoftMin": None}),
    chart("Frequency", "How much faster than by itself the clock is run.", "none", {"": "node_timex_frequency_adjustment_ratio{<n>} - 1"},
          custom={"axisSoftMin": None}),
    chart("Loop", "Time constant of the loop that corrects the clock, and the time between two ticks.", "s",
          {"constant": "node_timex_loop_time_constant{<n>}", "tick": "node_timex_tick_seconds{<n>}"}),
]

SENSORS = [
    chart("Temperatures", "Of all hardware monitors.", "celsius", {"{{chip}} {{sensor}}": "node_hwmon_temp_celsius{<n>}"}),
    chart("Fans", "Turns a minute, and how hard they are driven (0 to 255).", "none",
          {"{{chip}} {{sensor}} rpm": "node_hwmon_fan_rpm{<n>}", "{{chip}} {{sensor}} drive": "node_hwmon_pwm{<n>}"}),
    chart("Voltages", "Of all hardware monitors.", "volt", {"{{chip}} {{sensor}}": "node_hwmon_in_volts{<n>}"}),
    chart("Supplies", "Whether each power supply is there.", "none", {"{{power_supply}}": "node_power_supply_online{<n>}"}, step=True, max=1),
    chart("Watchdog", "Time left until the hardware resets the node.", "s",
          {"{{name}} left": "node_watchdog_timeleft_seconds{<n>}", "{{name}} at most": "node_watchdog_timeout_seconds{<n>}"}),
]

AGENT = [
    chart("Scrapes by Prometheus", "How long they took, the way through the manager included.", "s", {"": "scrape_duration_seconds{<n>}"}),
    chart("Scrapes by the manager", "How long they took.", "s", {"": "piman_node_scrape_duration_seconds{<n>}"}),
    chart("Samples", "On a page of the agent.", "none", {"": "scrape_samples_scraped{<n>}"}),
    chart("CPU of the agent", "Share of one core.", "percentunit", {"": rate("process_cpu_seconds_total")}),
    chart("Memory of the agent", "In RAM.", "bytes", {"": "process_resident_memory_bytes{<n>}"}),
    chart("Files and threads of the agent", "Open, and running.", "none",
          {"files": 'process_open_fds{<n>}', "threads": 'process_threads{<n>}'}),
    bars("Slowest collectors", "Time of the ten slowest collectors in the last scrape.", "s",
         query("topk(10, node_scrape_collector_duration_seconds{<n>})", "{{node}} {{collector}}", instant=True), w=12, h=8,
         thresholds=steps("green", (0.1, "yellow"), (1, "red")), min=0),
    table("Collectors that found nothing", "Absent hardware is most of it; what was there before and is not now is a fault.",
          [query('max by (node, collector) (node_scrape_collector_success{<n>} == 0)', table=True)],
          [("node", "Node", width(120)), ("collector", "Collector", {})], w=6, h=8, sort="Collector"),
    table("Agents", "Versions.", [query(expression, table=True) for expression in (
        'max by (key, version) (label_join(piman_agent_build_info{<n>}, "key", "/", "site", "node"))',
        keyed("node_textfile_scrape_error{<n>}"))],
        [("key", "Node", {}), ("version", "Version", {}), ("Value #B", "Text file error", {"mappings": YES_IS_BAD})], key="key", w=6, h=8, sort="Node"),
]

DETAILS = [("CPU and scheduler", CPU), ("Processes and kernel", PROCESSES), ("Memory", MEMORY), ("Network devices", NETWORK),
           ("Protocols and sockets", PROTOCOLS), ("Disks and file systems", DISKS), ("Time", TIME), ("Sensors", SENSORS), ("The agent", AGENT)]
