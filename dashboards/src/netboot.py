# SPDX-License-Identifier: Apache-2.0
"""Netboot & installs: from the first DISCOVER to a card that is written, and what became of orders."""
from builder import Dashboard, bars, coloured_cell, heatmap, lines, link_to, override, query, stat, states, steps, table, width
from common import (BAD_IF_ANY, NETBOOT, NEUTRAL, NODE, NODES, PHASE_WORDS, QUIET_EVENTS, SITE, UNDER_WAY, WARN_IF_ANY, YES_IS_BAD, keyed,
                    phase_code)

GOOD_OUTCOMES = "complete|probe"
# A word, not an alarm: a boot ROM probes for files that need not be there.
HARMLESS = "not_found|aborted"


def ratio(good, all_of):
    return f"sum({good}) / (sum({all_of}) > 0)"


def in_range(metric, matchers="<s>"):
    return f"increase({metric}{{{matchers}}}[$__range])"


def quantiles(histogram, matchers="<s>"):
    return [query(f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket{{{matchers}}}[<r>]))) >= 0", name)
            for share, name in ((0.5, "half within"), (0.9, "90 % within"), (0.99, "99 % within"))]


NUMBERS = [
    stat("Booting", "Boots under way.", "none", query("sum(piman_boots_running{<s>})"), thresholds=steps("text", (1, "blue")), graph=True),
    stat("Installing", "Installs under way.", "none", query("sum(piman_installs_running{<s>})"), thresholds=steps("text", (1, "purple")), graph=True),
    stat("Pending", "Machines that asked to boot and are not in the inventory.", "none", query("sum(piman_pending_hosts{<s>})"),
         thresholds=WARN_IF_ANY),
    stat("Stuck", "Nodes that are longer in a phase of their boot or install than is allowed.", "none",
         query("sum(max by (site, node) (piman_node_stuck{<n>}))"), thresholds=BAD_IF_ANY),
    stat("Good boots", "Of the boots that ended in the time range: those that came to a running system.", "percentunit",
         query(ratio(in_range("piman_boots_total", '<s>,state="booted"'), in_range("piman_boots_total", '<s>,state=~"booted|stuck|restarted"')),
               instant=True), thresholds=steps("red", (0.8, "orange"), (0.95, "green")), decimals=0),
    stat("Good installs", "Of the installs that ended in the time range.", "percentunit",
         query(ratio(in_range("piman_installs_total", '<s>,result="installed"'), in_range("piman_installs_total")), instant=True),
         thresholds=steps("red", (0.8, "orange"), (0.95, "green")), decimals=0),
    stat("Boot files", "Bytes a second over TFTP and HTTP.", "Bps",
         query("sum(rate(piman_tftp_sent_bytes_total{<s>}[<r>])) + sum(rate(piman_http_boot_sent_bytes_total{<s>}[<r>]))"), thresholds=NEUTRAL, graph=True),
    stat("Sent again", "TFTP blocks that had to be sent once more, of all in the time range.", "percentunit",
         query(f'sum({in_range("piman_tftp_retransmits_total")}) / (sum({in_range("piman_tftp_blocks_total")}) > 0)', instant=True),
         thresholds=steps("green", (0.01, "orange"), (0.05, "red")), decimals=2),
]

AMONG = keyed(f'piman_node_phase{{<n>,phase=~"{UNDER_WAY}|failed|quarantined"}} == 1')


def of_those_under_way(expression):
    return f"{keyed(expression)} and on (key) {AMONG}"


NOW = [
    table("Under way", "Nodes that boot or are installed at this moment, or failed at it, and since when.",
          [query(expression, table=True) for expression in (
              f'label_join(max by (site, node) (piman_node_info{{<n>}}), "key", "/", "site", "node") and on (key) {AMONG}',
              *(of_those_under_way(each) for each in (
                  phase_code(), "piman_node_phase_since_timestamp_seconds{<n>} * 1000", "piman_node_stuck{<n>}", "piman_node_failed_boots{<n>}")))],
          [("node", "Node", width(110, **link_to(NODE, "Open the node", site="Site", node="Node"))), ("site", "Site", width(80)),
           ("Value #B", "State", coloured_cell("none", mappings=PHASE_WORDS, background=True)), ("Value #C", "Since", {"unit": "dateTimeFromNow"}),
           ("Value #D", "Stuck", coloured_cell("none", mappings=YES_IS_BAD)), ("Value #E", "Failed boots", coloured_cell("none", WARN_IF_ANY))],
          key="key", w=10, h=9, sort="Since", empty="no node boots or is installed"),
    states("Boots and installs", "Phases of each node over time.", query(phase_code(), "{{node}}"), PHASE_WORDS, w=14, h=9),
]

BOOTS = [
    lines("Boots that ended", "How many within the time of a point, by how: booted (its system asked for its address), loaded (it has all files), stuck (it fell silent "
          "before), restarted (another boot began), address only.", "none",
          query("sum by (state) (increase(piman_boots_total{<s>}[<r>]))", "{{state}}"), w=8,
          overrides=[override(name, color={"mode": "fixed", "fixedColor": colour}) for name, colour in
                     {"booted": "green", "loaded": "blue", "stuck": "red", "restarted": "orange", "address_only": "#9fa7b3"}.items()]),
    lines("How long boots take", "From the first DISCOVER until the system asked for its address.", "s", quantiles("piman_boot_duration_seconds"), w=8,
          points=True, custom={"showPoints": "auto"}),
    heatmap("Boots by duration", "How many boots took how long.", "sum by (le) (increase(piman_boot_duration_seconds_bucket{<s>}[<r>]))"),
    lines("Boots under way", "Boots under way, machines that wait to be accepted, and nodes that are stuck.", "none",
          [query("sum(piman_boots_running{<s>})", "boots"), query("sum(piman_pending_hosts{<s>})", "wait to be accepted"),
           query("sum(max by (site, node) (piman_node_stuck{<n>}))", "stuck")], w=8, step=True),
    lines("Failed in a row", "Boots in a row that came to nothing, by node; a node with too many is quarantined.", "none",
          query("piman_node_failed_boots{<n>} > 0", "{{node}}"), w=8, step=True),
    lines("Bootloaders' words", "Lines received from bootloaders (NETCONSOLE), within the time of a point.", "none",
          query("sum(increase(piman_console_lines_total{<s>}[<r>]))", "lines"), w=8),
]

DHCP = [
    lines("Messages", "DHCP messages a second, by what came and what was answered.", "ops",
          query("sum by (type, result) (rate(piman_dhcp_messages_total{<s>}[<r>]))", "{{type}} -> {{result}}"), w=8),
    lines("Not answered", "Messages a second that got no answer, by reason.", "ops",
          query("sum by (reason) (rate(piman_dhcp_dropped_total{<s>}[<r>])) > 0", "{{reason}}"), w=8),
    lines("Who asks", "DISCOVERs within the time of a point, by what sent them.", "none",
          query("sum by (model) (increase(piman_dhcp_discovers_total{<s>}[<r>]))", "{{model}}"), w=8, stack=True),
    lines("Leases", "Stored leases by state; expired ones are kept as a memory of who had the address.", "none",
          query("sum by (state) (piman_dhcp_leases{<s>})", "{{state}}"), w=8, stack=True),
    lines("Free addresses", "Of each pool that hosts outside of the inventory get theirs from: addresses that are neither leased, offered, reserved nor in quarantine.",
          "none", query("min by (site, pool) (piman_dhcp_pool_addresses_free{<s>})", "{{site}} {{pool}}"), w=8, step=True),
    lines("Free share of each pool", "At a tenth or less DhcpPoolLow fires.", "percentunit",
          query("min by (site, pool) (piman_dhcp_pool_addresses_free{<s>}) / max by (site, pool) (piman_dhcp_pool_addresses{<s>})", "{{site}} {{pool}}"), w=8,
          min=0, max=1, step=True),
    lines("Malformed", "Packets a second that were no DHCP message or TFTP packet.", "ops",
          [query("sum by (reason) (rate(piman_dhcp_malformed_total{<s>}[<r>]))", "DHCP {{reason}}"),
           query("sum by (reason) (rate(piman_tftp_malformed_total{<s>}[<r>]))", "TFTP {{reason}}")], w=12),
    lines("Time to store a lease", "Mean time of a transaction: an ACK leaves only after it.", "s",
          query("sum(rate(piman_store_commit_seconds_total{<s>}[<r>])) / (sum(rate(piman_store_commits_total{<s>}[<r>])) > 0)", "commit"), w=12,
          points=True, custom={"showPoints": "auto"}),
]

FILES = [
    lines("Throughput", "Bytes of boot files that arrived, a second.", "Bps",
          [query("sum(rate(piman_tftp_sent_bytes_total{<s>}[<r>]))", "TFTP"), query("sum(rate(piman_http_boot_sent_bytes_total{<s>}[<r>]))", "HTTP")], w=8,
          stack=True),
    lines("Blocks sent again", "Share of blocks that were sent once more: lost packets, or clients that are too slow.", "percentunit",
          [query("sum(rate(piman_tftp_retransmits_total{<s>}[<r>])) / (sum(rate(piman_tftp_blocks_total{<s>}[<r>])) > 0)", "TFTP"),
           query("sum(rate(piman_http_boot_retransmits_total{<s>}[<r>])) / (sum(rate(piman_http_boot_blocks_total{<s>}[<r>])) > 0)", "HTTP")], w=8,
          points=True, custom={"showPoints": "auto"}),
    lines("On their way", "Transfers at this moment.", "none",
          [query("sum(piman_tftp_transfers_running{<s>})", "TFTP"), query("sum(piman_http_boot_transfers_running{<s>})", "HTTP")], w=8, step=True),
    lines("Transfers that ended", "How many within the time of a point, by outcome. Firmware asks for files that need not be there: not_found is no fault by itself.", "none",
          query("sum by (outcome) (increase(piman_tftp_transfers_total{<s>}[<r>]) + increase(piman_http_boot_transfers_total{<s>}[<r>])) > 0", "{{outcome}}"), w=8,
          stack=True),
    lines("How long transfers take", "Complete TFTP transfers.", "s", quantiles("piman_tftp_transfer_duration_seconds"), w=8, points=True,
          custom={"showPoints": "auto"}),
    heatmap("Transfers by duration", "How many TFTP transfers took how long.", "sum by (le) (increase(piman_tftp_transfer_duration_seconds_bucket{<s>}[<r>]))"),
    bars("Failed transfers", "In the time range, by outcome, without what clients do on purpose.", "none",
         query(f'sort_desc(sum by (outcome) ({in_range("piman_tftp_transfers_total", f"<s>,outcome!~{chr(34)}{GOOD_OUTCOMES}|{HARMLESS}{chr(34)}")}) > 0)', "{{outcome}}",
               instant=True), w=8, thresholds=steps("orange"), decimals=0, min=0),
    lines("Machines nobody knows", "Transfers to addresses that no machine is known to have.", "none",
          query("sum(increase(piman_netboot_unknown_transfers_total{<s>}[<r>]))", "transfers"), w=8),
    lines("HTTP transfers", "How long complete HTTP transfers take.", "s", quantiles("piman_http_boot_transfer_duration_seconds"), w=8, points=True,
          custom={"showPoints": "auto"}),
]

INSTALLS = [
    lines("Installs that ended", "How many within the time of a point, by how.", "none", query("sum by (result) (increase(piman_installs_total{<s>}[<r>]))", "{{result}}"), w=8,
          overrides=[override("installed", color={"mode": "fixed", "fixedColor": "green"}), override("failed", color={"mode": "fixed", "fixedColor": "red"})]),
    bars("Mean time of each stage", "Of the installs in the time range, also of those that did not succeed.", "s",
         query("sort_desc(sum by (stage) (increase(piman_install_stage_duration_seconds_sum{<s>}[$__range]))"
               " / (sum by (stage) (increase(piman_install_stage_duration_seconds_count{<s>}[$__range])) > 0))", "{{stage}}", instant=True), w=8,
         thresholds=steps("purple"), min=0, decimals=1),
    bars("Failures", "Installs in the time range that did not succeed, by the stage in which they ended, and how.", "none",
         query("sort_desc(sum by (stage, result) (increase(piman_install_failures_total{<s>}[$__range])) > 0)", "{{stage}}: {{result}}", instant=True), w=8,
         thresholds=steps("red"), decimals=0, min=0),
    lines("How long installs take", "Installs that succeeded.", "s", quantiles("piman_install_duration_seconds"), w=8, points=True, custom={"showPoints": "auto"}),
    heatmap("Installs by duration", "How many installs took how long.", "sum by (le) (increase(piman_install_duration_seconds_bucket{<s>}[<r>]))"),
    lines("Connected installers", "By what they are at: waiting for orders (held), for their turn (queued), installing.", "none",
          query("sum by (at) (piman_install_sessions{<s>})", "{{at}}"), w=8, stack=True, step=True),
    lines("Hellos", "Nodes that said what they are, within the time of a point.", "none", query("sum by (dialect) (increase(piman_install_hellos_total{<s>}[<r>]))", "{{dialect}}"), w=8),
    lines("Turned away", "Connections of installers that were refused, by reason.", "none",
          query("sum by (reason) (increase(piman_install_refused_total{<s>}[<r>]))", "{{reason}}"), w=8),
    bars("Images", "How many nodes were last installed with which image.", "none",
         query("sort_desc(count by (image, version) (max by (site, node, image, version) (piman_node_image_info{<n>})))", "{{image}} {{version}}", instant=True), w=8,
         thresholds=steps("blue"), min=0),
]

ROLLOUT_STATES = {"waiting": "#9fa7b3", "open": "#8ab8ff", "installing": "purple", "checking": "yellow", "done": "green", "failed": "red",
                  "expired": "dark-red", "withdrawn": "#6e7687"}
ORDERS = [
    lines("Rollouts", "Nodes of the rollouts that go on, by the state of their orders.", "none",
          query("sum by (rollout, action, state) (piman_rollout_nodes{<s>}) > 0", "{{action}} {{rollout}}: {{state}}"), w=12, stack=True, step=True,
          overrides=[override(f"/: {state}$/", color={"mode": "fixed", "fixedColor": colour}) for state, colour in ROLLOUT_STATES.items()]),
    lines("Orders that are not over", "By action and state.", "none",
          query("sum by (action, state) (piman_orders{<s>}) > 0", "{{action}} {{state}}"), w=12, stack=True, step=True),
    bars("Orders that are over", "In the time range, by action and how.", "none",
         query("sort_desc(sum by (action, state) (increase(piman_orders_ended_total{<s>}[$__range])) > 0.5)", "{{action}} {{state}}", instant=True), w=8,
         thresholds=steps("blue"), decimals=0, min=0),
    lines("Power switched", "How often, by action and result.", "none",
          query("sum by (action, result) (increase(piman_power_switched_total{<s>}[<r>]))", "{{action}} {{result}}"), w=8),
    table("Last installs", "What is on each card, and since when.",
          [query(expression, table=True) for expression in (
              'label_join(max by (site, node, image, version) (piman_node_image_info{<n>}), "key", "/", "site", "node")',
              keyed("piman_node_installed_timestamp_seconds{<n>} * 1000"))],
          [("node", "Node", {}), ("site", "Site", {}), ("image", "Image", {}), ("version", "Version", {}), ("Value #B", "Installed", {"unit": "dateTimeFromNow"})],
          key="key", w=8, h=8, sort="Installed", descending=True),
]


def netboot():
    board = Dashboard(NETBOOT, "piman / Netboot & installs", """How nodes boot over the network and are installed: DHCP, boot files, boots and installs with
        their stages and failures, orders and rollouts.""", [SITE, NODES], QUIET_EVENTS, time="now-3h")
    board.add(*NUMBERS)
    board.add(*NOW)
    for title, panels in (("Installs", INSTALLS), ("Orders and rollouts", ORDERS), ("Boots", BOOTS), ("Boot files", FILES), ("DHCP", DHCP)):
        board.row(title, *panels)
    return board
