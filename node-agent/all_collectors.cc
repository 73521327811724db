// SPDX-License-Identifier: Apache-2.0
#include "node-agent/all_collectors.h"

#include <array>

#include "node-agent/collectors/arp.h"
#include "node-agent/collectors/bonding.h"
#include "node-agent/collectors/btrfs.h"
#include "node-agent/collectors/buddyinfo.h"
#include "node-agent/collectors/cgroups.h"
#include "node-agent/collectors/conntrack.h"
#include "node-agent/collectors/cpu.h"
#include "node-agent/collectors/cpufreq.h"
#include "node-agent/collectors/diskstats.h"
#include "node-agent/collectors/dmi.h"
#include "node-agent/collectors/edac.h"
#include "node-agent/collectors/entropy.h"
#include "node-agent/collectors/ethtool.h"
#include "node-agent/collectors/filefd.h"
#include "node-agent/collectors/filesystem.h"
#include "node-agent/collectors/hwmon.h"
#include "node-agent/collectors/interrupts.h"
#include "node-agent/collectors/kernel_hung.h"
#include "node-agent/collectors/loadavg.h"
#include "node-agent/collectors/mdadm.h"
#include "node-agent/collectors/meminfo.h"
#include "node-agent/collectors/netclass.h"
#include "node-agent/collectors/netdev.h"
#include "node-agent/collectors/netstat.h"
#include "node-agent/collectors/network_route.h"
#include "node-agent/collectors/nfs.h"
#include "node-agent/collectors/nfsd.h"
#include "node-agent/collectors/nvme.h"
#include "node-agent/collectors/os.h"
#include "node-agent/collectors/powersupplyclass.h"
#include "node-agent/collectors/pressure.h"
#include "node-agent/collectors/processes.h"
#include "node-agent/collectors/qdisc.h"
#include "node-agent/collectors/rapl.h"
#include "node-agent/collectors/rpi_board.h"
#include "node-agent/collectors/rpi_clocks.h"
#include "node-agent/collectors/rpi_kernel_messages.h"
#include "node-agent/collectors/rpi_power.h"
#include "node-agent/collectors/rpi_storage.h"
#include "node-agent/collectors/rpi_system.h"
#include "node-agent/collectors/rpi_throttled.h"
#include "node-agent/collectors/schedstat.h"
#include "node-agent/collectors/selinux.h"
#include "node-agent/collectors/sockstat.h"
#include "node-agent/collectors/softirqs.h"
#include "node-agent/collectors/softnet.h"
#include "node-agent/collectors/stat.h"
#include "node-agent/collectors/swap.h"
#include "node-agent/collectors/sysctl.h"
#include "node-agent/collectors/systemd.h"
#include "node-agent/collectors/tcpstat.h"
#include "node-agent/collectors/textfile.h"
#include "node-agent/collectors/thermal_zone.h"
#include "node-agent/collectors/time.h"
#include "node-agent/collectors/timex.h"
#include "node-agent/collectors/udp_queues.h"
#include "node-agent/collectors/uname.h"
#include "node-agent/collectors/vmstat.h"
#include "node-agent/collectors/watchdog.h"
#include "node-agent/collectors/wifi.h"
#include "node-agent/collectors/xfs.h"
#include "node-agent/collectors/zfs.h"
#include "node-agent/collectors/zoneinfo.h"

namespace piman::agent {
namespace {

// In the order of their names, which is the order on the page.
constexpr std::array kCollectors = {
    CollectorEntry{"arp", true, "neighbours of each device, from net/arp under procfs", make_arp_collector},
    CollectorEntry{"bonding", true, "links of bonded devices, from class/net under sysfs", make_bonding_collector},
    CollectorEntry{"btrfs", true, "space, devices and errors of btrfs, from fs/btrfs under sysfs and by ioctl",
                   make_btrfs_collector},
    CollectorEntry{"buddyinfo", false, "free memory by block size, from buddyinfo under procfs",
                   make_buddyinfo_collector},
    CollectorEntry{"cgroups", false, "control groups by controller, from cgroups under procfs", make_cgroups_collector},
    CollectorEntry{"conntrack", true, "tracked connections, from sys/net/netfilter under procfs",
                   make_conntrack_collector},
    CollectorEntry{"cpu", true, "time of each CPU in each mode, from stat under procfs", make_cpu_collector},
    CollectorEntry{"cpufreq", true, "clock rates of the CPUs, from devices/system/cpu under sysfs",
                   make_cpufreq_collector},
    CollectorEntry{"diskstats", true, "traffic of block devices, from diskstats under procfs",
                   make_diskstats_collector},
    CollectorEntry{"dmi", true, "what the firmware says of the machine, from class/dmi under sysfs",
                   make_dmi_collector},
    CollectorEntry{"edac", true, "memory errors, from devices/system/edac under sysfs", make_edac_collector},
    CollectorEntry{"entropy", true, "the random number pool, from sys/kernel/random under procfs",
                   make_entropy_collector},
    CollectorEntry{"ethtool", false, "what drivers know of network devices, by ioctl", make_ethtool_collector},
    CollectorEntry{"filefd", true, "open files of the machine, from sys/fs/file-nr under procfs",
                   make_filefd_collector},
    CollectorEntry{"filesystem", true, "size and use of file systems, by statfs", make_filesystem_collector},
    CollectorEntry{"hwmon", true, "temperatures, fans, voltages, from class/hwmon under sysfs", make_hwmon_collector},
    CollectorEntry{"interrupts", false, "interrupts by CPU and source, from interrupts under procfs",
                   make_interrupts_collector},
    CollectorEntry{"kernel_hung", true, "hung tasks, from sys/kernel/hung_task_detect_count under procfs",
                   make_kernel_hung_collector},
    CollectorEntry{"loadavg", true, "load averages, from loadavg under procfs", make_loadavg_collector},
    CollectorEntry{"mdadm", true, "software RAID, from mdstat under procfs", make_mdadm_collector},
    CollectorEntry{"meminfo", true, "memory by kind, from meminfo under procfs", make_meminfo_collector},
    CollectorEntry{"netclass", true, "properties of network devices, from class/net under sysfs",
                   make_netclass_collector},
    CollectorEntry{"netdev", true, "traffic of network devices, from net/dev under procfs", make_netdev_collector},
    CollectorEntry{"netstat", true, "counters of the network protocols, from net/netstat, snmp and snmp6 under procfs",
                   make_netstat_collector},
    CollectorEntry{"network_route", false, "routes, by netlink", make_network_route_collector},
    CollectorEntry{"nfs", true, "calls of the NFS client, from net/rpc/nfs under procfs", make_nfs_collector},
    CollectorEntry{"nfsd", true, "calls to the NFS server, from net/rpc/nfsd under procfs", make_nfsd_collector},
    CollectorEntry{"nvme", true, "model and state of NVMe drives, from class/nvme under sysfs", make_nvme_collector},
    CollectorEntry{"os", true, "name and version of the operating system, from os-release", make_os_collector},
    CollectorEntry{"powersupplyclass", true, "batteries and supplies, from class/power_supply under sysfs",
                   make_powersupplyclass_collector},
    CollectorEntry{"pressure", true, "time lost to waiting, from pressure under procfs", make_pressure_collector},
    CollectorEntry{"processes", false, "processes and threads by state, from procfs", make_processes_collector},
    CollectorEntry{"qdisc", false, "queues of network devices, by netlink", make_qdisc_collector},
    CollectorEntry{"rapl", true, "energy used by the processor, from class/powercap under sysfs", make_rapl_collector},
    CollectorEntry{"rpi_board", true,
                   "model, bootloader and firmware of a Raspberry Pi, from its device tree and mailbox",
                   make_rpi_board_collector},
    CollectorEntry{"rpi_clocks", true, "clocks, voltages and temperatures that a Raspberry Pi's firmware measures",
                   make_rpi_clocks_collector},
    CollectorEntry{"rpi_kernel_messages", true, "kernel messages that tell of trouble, counted by kind",
                   make_rpi_kernel_messages_collector},
    CollectorEntry{"rpi_power", true, "what feeds and cools a Raspberry Pi: supply, rails, clock battery, PoE HAT, fan",
                   make_rpi_power_collector},
    CollectorEntry{"rpi_storage", true,
                   "identity and wear of SD cards and eMMC, errors of ext4, whether / is read-only",
                   make_rpi_storage_collector},
    CollectorEntry{"rpi_system", true, "whether the last shutdown was clean and a reboot is due",
                   make_rpi_system_collector},
    CollectorEntry{"rpi_throttled", true, "why a Raspberry Pi's firmware holds it back: under-voltage, heat",
                   make_rpi_throttled_collector},
    CollectorEntry{"schedstat", true, "time that threads ran and waited, from schedstat under procfs",
                   make_schedstat_collector},
    CollectorEntry{"selinux", true, "whether SELinux is on and enforces", make_selinux_collector},
    CollectorEntry{"sockstat", true, "sockets in use by protocol, from net/sockstat under procfs",
                   make_sockstat_collector},
    CollectorEntry{"softirqs", false, "software interrupts by CPU and kind, from softirqs under procfs",
                   make_softirqs_collector},
    CollectorEntry{"softnet", true,
                   "packets taken off the network devices by each CPU, from net/softnet_stat under procfs",
                   make_softnet_collector},
    CollectorEntry{"stat", true, "boot time, interrupts, forks, from stat under procfs", make_stat_collector},
    CollectorEntry{"swap", false, "swap areas one by one, from swaps under procfs", make_swap_collector},
    CollectorEntry{"sysctl", false, "kernel settings named by --collector.sysctl.include, from sys under procfs",
                   make_sysctl_collector},
    CollectorEntry{"systemd", false, "units of systemd and their states, over D-Bus", make_systemd_collector},
    CollectorEntry{"tcpstat", false, "TCP connections by state, from net/tcp under procfs", make_tcpstat_collector},
    CollectorEntry{"textfile", true, "metrics that other programs leave in *.prom files", make_textfile_collector},
    CollectorEntry{"thermal_zone", true, "temperatures, from class/thermal under sysfs", make_thermal_zone_collector},
    CollectorEntry{"time", true, "the clock and its source", make_time_collector},
    CollectorEntry{"timex", true, "how well the clock is kept in step, by adjtimex", make_timex_collector},
    CollectorEntry{"udp_queues", true, "data in the queues of UDP sockets, from net/udp under procfs",
                   make_udp_queues_collector},
    CollectorEntry{"uname", true, "kernel and machine names, by uname", make_uname_collector},
    CollectorEntry{"vmstat", true, "paging and OOM counters, from vmstat under procfs", make_vmstat_collector},
    CollectorEntry{"watchdog", true, "hardware watchdogs, from class/watchdog under sysfs", make_watchdog_collector},
    CollectorEntry{"wifi", false, "wireless networks and how well they are heard, by netlink", make_wifi_collector},
    CollectorEntry{"xfs", true, "counters of XFS file systems, from fs/xfs under sysfs", make_xfs_collector},
    CollectorEntry{"zfs", true, "counters of ZFS and its pools, from spl/kstat/zfs under procfs", make_zfs_collector},
    CollectorEntry{"zoneinfo", false, "memory by zone, from zoneinfo under procfs", make_zoneinfo_collector}};

// The defaults are those of Debian's node_exporter package, which excludes a little more than upstream's.
constexpr std::array kOptions = {
    CollectorOption{"arp.device-exclude", "REGEX", "", "Devices to leave out of arp."},
    CollectorOption{"arp.device-include", "REGEX", "", "The only devices to report in arp."},
    CollectorOption{"cpu.guest", "", "true", "Report node_cpu_guest_seconds_total."},
    CollectorOption{"cpu.info", "", "false", "Report node_cpu_info, from cpuinfo under procfs."},
    CollectorOption{"cpu.info.bugs-include", "REGEX", "",
                    "Flaws of the CPU to report as node_cpu_bug_info; implies cpu.info."},
    CollectorOption{"cpu.info.flags-include", "REGEX", "",
                    "Features of the CPU to report as node_cpu_flag_info; implies cpu.info."},
    CollectorOption{"diskstats.device-exclude", "REGEX", "^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$",
                    "Devices to leave out of diskstats."},
    CollectorOption{"diskstats.device-include", "REGEX", "", "The only devices to report in diskstats."},
    CollectorOption{"ethtool.device-exclude", "REGEX", "", "Devices to leave out of ethtool."},
    CollectorOption{"ethtool.device-include", "REGEX", "", "The only devices to report in ethtool."},
    CollectorOption{"ethtool.metrics-include", "REGEX", ".*", "Statistics of drivers to report in ethtool."},
    CollectorOption{"filesystem.fs-types-exclude", "REGEX",
                    "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|"
                    "mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$",
                    "File system types to leave out."},
    CollectorOption{"filesystem.mount-points-exclude", "REGEX",
                    "^/(dev|proc|run|sys|mnt|media|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
                    "Mount points to leave out."},
    CollectorOption{"netclass.ignore-invalid-speed", "", "false",
                    "Leave out the speed of devices that do not know it, instead of a negative one."},
    CollectorOption{"netclass.ignored-devices", "REGEX", "^$", "Devices to leave out of netclass."},
    CollectorOption{"netdev.device-exclude", "REGEX", "^lo$", "Devices to leave out of netdev."},
    CollectorOption{"netdev.device-include", "REGEX", "", "The only devices to report in netdev."},
    CollectorOption{"netstat.fields", "REGEX",
                    "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|"
                    "TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts)|"
                    "Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|"
                    "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$",
                    "Counters of netstat to report."},
    CollectorOption{"powersupply.ignored-supplies", "REGEX", "^$", "Power supplies to leave out."},
    CollectorOption{"qdisk.device-exclude", "REGEX", "", "Devices to leave out of qdisc; spelt as node_exporter does."},
    CollectorOption{"qdisk.device-include", "REGEX", "",
                    "The only devices to report in qdisc; spelt as node_exporter does."},
    CollectorOption{"rapl.enable-zone-label", "", "false", "Report all zones in one family, with the zone as a label."},
    CollectorOption{"sysctl.include", "NAME[:KEY,...]", "",
                    "A setting with whole numbers to report; keys name its values.", true},
    CollectorOption{"sysctl.include-info", "NAME", "", "A setting with text to report in node_sysctl_info.", true},
    CollectorOption{"systemd.enable-restarts-metrics", "", "false", "Report how often each service was restarted."},
    CollectorOption{"systemd.enable-start-time-metrics", "", "false", "Report when each unit was started."},
    CollectorOption{"systemd.enable-task-metrics", "", "false", "Report the tasks of each service."},
    CollectorOption{"systemd.unit-exclude", "REGEX", ".+\\.(automount|device|mount|scope|slice|target)",
                    "Units to leave out; matches the whole name."},
    CollectorOption{"systemd.unit-include", "REGEX", ".+", "The only units to report; matches the whole name."},
    CollectorOption{"textfile.directory", "DIR", kTextfileDirectory, "Directory with *.prom files; may have wildcards.",
                    true},
    CollectorOption{"vmstat.fields", "REGEX", "^(oom_kill|pgpg|pswp|pg.*fault).*", "Fields of vmstat to report."}};

}  // namespace

std::span<const CollectorEntry> all_collectors() { return kCollectors; }
std::span<const CollectorOption> all_collector_options() { return kOptions; }

}  // namespace piman::agent
