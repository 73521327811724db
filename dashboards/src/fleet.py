# SPDX-License-Identifier: Apache-2.0
"""Fleet: the wall screen. What stands where, what is wrong, and who is at the limit."""
from builder import (Dashboard, bars, coloured_cell, gauge_cell, lines, link_to, override, query, stat, states, steps, table,
                     width)
from common import (BAD_IF_ANY, FLEET, FLEET_EVENTS, FULL, GOOD_SHARE, HOT, NEUTRAL, NODE, NODES, PHASE_COLOURS, PHASE_WORDS,
                    REAL_ALERTS, SHARE, SITE, TROUBLE, UNDER_WAY, WARN_IF_ANY, alert_table, keyed, phase_code)

TO_NODE = {"title": "Open the node", "targetBlank": False,
           "url": f"/d/{NODE}?${{datasource:queryparam}}&var-site=${{__field.labels.site}}&var-node=${{__field.labels.node}}"
                  "&${__url_time_range}"}


def by_node(metric, matchers="<n>"):
    return f"max by (site, node) ({metric}{{{matchers}}})"


def in_phase(pattern):
    return f'sum(max by (site, node, phase) (piman_node_phase{{<n>,phase=~"{pattern}"}})) or vector(0)'


def top(title, description, unit, metric, thresholds, **more):
    return bars(title, description, unit, query(f"topk(10, {by_node(metric)})", "{{node}}", instant=True),
                thresholds=thresholds, links=(), **{"min": 0, **more}, overrides=[override("/.*/", links=[TO_NODE])])


NUMBERS = [
    stat("Nodes up", "Nodes whose agent answered the last scrape, of all nodes in the inventory.", "none",
         [query(f"sum({by_node('piman_node_up')})", "up"), query(f"count({by_node('piman_node_info')})", "of")],
         show="value_and_name", overrides=[override("of", thresholds=NEUTRAL)]),
    stat("In trouble", "Nodes that are down, whose agent is, whose boot or install failed, or that are quarantined.", "none",
         query(in_phase(TROUBLE)), thresholds=BAD_IF_ANY, graph=True),
    stat("Under way", "Nodes that boot or are installed at this moment.", "none", query(in_phase(UNDER_WAY)),
         thresholds=steps("text", (1, "blue")), graph=True),
    stat("Availability", "Share of the time range in which nodes were up, all nodes together.", "percentunit",
         query("avg(avg_over_time(piman_node_up{<n>}[$__range]))", instant=True), thresholds=GOOD_SHARE, decimals=2),
    stat("Alerts", "Alerts of Prometheus' rules by severity, without Watchdog.", "none",
         [query(f'count(ALERTS{{<s>,{REAL_ALERTS},severity="{word}"}}) or vector(0)', word) for word in ("critical", "warning")],
         show="value_and_name", thresholds=BAD_IF_ANY, overrides=[override("warning", thresholds=WARN_IF_ANY)]),
    stat("Held back", "Nodes whose power supply is too weak, and nodes that their firmware slows down.", "none",
         [query("sum(max by (site, node) (piman_node_under_voltage{<n>})) or vector(0)", "weak supply"),
          query("sum(max by (site, node) (piman_node_throttled{<n>})) or vector(0)", "throttled")],
         show="value_and_name", thresholds=WARN_IF_ANY),
    stat("Hottest", "The hottest processor of the chosen nodes.", "celsius",
         query(f"topk(1, {by_node('piman_node_temperature_celsius')})", "{{node}}", instant=True), show="value_and_name",
         thresholds=HOT, decimals=0),
    stat("Fullest", "The fullest root file system of the chosen nodes.", "percentunit",
         query(f"topk(1, {by_node('piman_node_disk_ratio')})", "{{node}}", instant=True), show="value_and_name",
         thresholds=FULL, decimals=0),
]

# "Raspberry Pi 4 Model B Rev 1.4" is too long for a laptop.
SHORT_MODEL = 'label_replace(piman_node_info{<n>}, "model", "$1", "model", "Raspberry (Pi .+) Rev .*")'
# Some boards can tell of one of the two alone.
HELD_BACK = """2 * (piman_node_under_voltage{<n>} or 0 * piman_node_throttled{<n>})
               + on (site, node) (piman_node_throttled{<n>} or 0 * piman_node_under_voltage{<n>})"""
TABLE = table(
    "Nodes", "One row a node; a click on its name opens it. What a node says of itself is empty while it is not up.",
    [query(expression, table=True) for expression in (
        f'label_join(max by (site, node, model) ({SHORT_MODEL}), "key", "/", "site", "node")',
        keyed(phase_code()),
        'max by (key, what) (label_join(label_join(piman_node_image_info{<n>}, "key", "/", "site", "node"), "what", " ", "image", "version"))',
        keyed("time() - piman_node_boot_time_seconds{<n>} and (piman_node_up{<n>} == 1)"),
        keyed("piman_node_cpu_ratio{<n>}"),
        keyed("piman_node_memory_ratio{<n>}"),
        keyed("piman_node_disk_ratio{<n>}"),
        keyed("piman_node_temperature_celsius{<n>}"),
        keyed(HELD_BACK),
        keyed("piman_node_installed_timestamp_seconds{<n>} * 1000"),
        keyed("avg_over_time(piman_node_up{<n>}[$__range])"))],
    [("node", "Node", width(95, **link_to(NODE, "Open the node", site="Site", node="Node"))),
     ("site", "Site", width(75)),
     ("Value #B", "State", coloured_cell("none", mappings=PHASE_WORDS, background=True, width=105)),
     ("model", "Model", width(130)),
     ("what", "Image", {}),
     ("Value #D", "Uptime", width(85, unit="s", decimals=0)),
     ("Value #E", "CPU", gauge_cell("percentunit", SHARE, width=110)),
     ("Value #F", "Memory", gauge_cell("percentunit", SHARE, width=110)),
     ("Value #G", "Disk", gauge_cell("percentunit", FULL, width=110)),
     ("Value #H", "Temperature", gauge_cell("celsius", HOT, most=100, width=110)),
     ("Value #I", "Held back", coloured_cell("none", mappings=[{"type": "value", "options": {
         "0": {"text": "no", "color": "green", "index": 0}, "1": {"text": "throttled", "color": "orange", "index": 1},
         "2": {"text": "under-voltage", "color": "red", "index": 2}, "3": {"text": "both", "color": "red", "index": 3}}}],
         width=105)),
     ("Value #J", "Installed", width(110, unit="dateTimeFromNow")),
     ("Value #K", "Available", coloured_cell("percentunit", GOOD_SHARE, width=80))],
    key="key", h=11, sort="Node")


def fleet():
    board = Dashboard(FLEET, "piman / Fleet", """The wall screen of a fleet of Raspberry Pis: how many are up, what each
        was doing over time, one row a node, and who is hot, full, busy or slow.""", [SITE, NODES], FLEET_EVENTS, time="now-3h")
    board.add(*NUMBERS)
    board.add(
        states("What each node was doing", "Phases of each node over time, as the manager sees them: from scrapes, boots, "
               "installs and power. A click on a row opens the node.", query(phase_code(), "{{node}}"), PHASE_WORDS, w=15, h=9,
               overrides=[override("/.*/", links=[TO_NODE])]),
        alert_table("<s>", w=9, h=9))
    board.add(TABLE)
    board.row(
        "At the limit",
        top("Ten hottest", "The ten hottest processors.", "celsius", "piman_node_temperature_celsius", HOT, max=100),
        top("Ten fullest", "The ten fullest root file systems.", "percentunit", "piman_node_disk_ratio", FULL, max=1),
        top("Ten busiest", "The ten busiest nodes, all cores together.", "percentunit", "piman_node_cpu_ratio", SHARE, max=1),
        top("Ten slowest", "The ten nodes whose last scrape took longest.", "s", "piman_node_scrape_duration_seconds",
            steps("green", (1, "yellow"), (5, "red"))))
    board.row(
        "Over time",
        lines("Nodes by phase", "How many nodes were in each phase.", "none",
              query("sum by (phase) (max by (site, node, phase) (piman_node_phase{<n>})) > 0", "{{phase}}"), w=8, stack=True, step=True,
              overrides=[override(phase, color={"mode": "fixed", "fixedColor": colour}) for phase, colour in PHASE_COLOURS.items()]),
        lines("CPU", "Busy share of all cores: mean of the fleet, and the busiest node.", "percentunit",
              [query(f"avg({by_node('piman_node_cpu_ratio')})", "mean"), query(f"max({by_node('piman_node_cpu_ratio')})", "busiest")],
              w=8, max=1, min=0),
        lines("Temperature", "Of the nodes' processors: coolest, middle and hottest node.", "celsius",
              [query(f"max({by_node('piman_node_temperature_celsius')})", "hottest"),
               query(f"quantile(0.5, {by_node('piman_node_temperature_celsius')})", "middle"),
               query(f"min({by_node('piman_node_temperature_celsius')})", "coolest")], w=8),
        lines("Memory and disk", "Used share: mean of the fleet, and the fullest node.", "percentunit",
              [query(f"avg({by_node('piman_node_memory_ratio')})", "memory, mean"),
               query(f"max({by_node('piman_node_memory_ratio')})", "memory, most"),
               query(f"avg({by_node('piman_node_disk_ratio')})", "disk, mean"),
               query(f"max({by_node('piman_node_disk_ratio')})", "disk, most")], w=8, max=1, min=0),
        lines("Nodes held back", "Nodes whose supply is too weak, and nodes that are slowed down.", "none",
              [query("sum(max by (site, node) (piman_node_under_voltage{<n>}))", "under-voltage"),
               query("sum(max by (site, node) (piman_node_throttled{<n>}))", "throttled")], w=8, step=True),
        lines("Network", "Traffic of all nodes together: received above, sent below.", "Bps",
              [query("sum(rate(node_network_receive_bytes_total{<n>}[<r>]))", "received"),
               query("sum(rate(node_network_transmit_bytes_total{<n>}[<r>]))", "sent")], w=8, negative="sent"))
    return board
