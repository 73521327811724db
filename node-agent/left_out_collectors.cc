// SPDX-License-Identifier: Apache-2.0
#include "node-agent/left_out_collectors.h"

#include <array>

namespace piman::agent {
namespace {

constexpr std::string_view kNoSuchHardware = "no Raspberry Pi has such hardware";
constexpr std::string_view kNeedsDaemon = "it speaks to another daemon over the network";

constexpr std::array kLeftOut = {
    LeftOutCollector{"bcache", "no Raspberry Pi OS kernel is built with block caches"},
    LeftOutCollector{"cpu_vulnerabilities", "it was added after the node_exporter that this agent stands in for"},
    LeftOutCollector{"devstat", "it is for FreeBSD"},
    LeftOutCollector{"drbd", "replicated block devices are not for cards"},
    LeftOutCollector{"fibrechannel", kNoSuchHardware},
    LeftOutCollector{"infiniband", kNoSuchHardware},
    LeftOutCollector{"ipvs", "a load balancer's kernel tables are better read where the balancer runs"},
    LeftOutCollector{"ksmd", "pages are merged only on hosts of virtual machines"},
    LeftOutCollector{"lnstat", "its hundreds of cache counters per CPU help nobody who runs Pis"},
    LeftOutCollector{"logind", "systemd's sessions are not the state of a machine"},
    LeftOutCollector{"meminfo_numa", kNoSuchHardware},
    LeftOutCollector{"mountstats", "its series are too many for a Pi's page; nfs has the totals"},
    LeftOutCollector{"ntp", "it queries a time server at every scrape; timex tells whether the clock is synchronised"},
    LeftOutCollector{"perf", "it needs privileges that an agent should not have"},
    LeftOutCollector{"runit", kNeedsDaemon},
    LeftOutCollector{"slabinfo", "it needs root"},
    LeftOutCollector{"supervisord", kNeedsDaemon},
    LeftOutCollector{"tapestats", kNoSuchHardware}};

}  // namespace

std::span<const LeftOutCollector> left_out_collectors() { return kLeftOut; }

}  // namespace piman::agent
