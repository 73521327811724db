# SPDX-License-Identifier: Apache-2.0
"""Manager & scraping: what the watching itself costs, and whether an alert would arrive."""
from builder import Dashboard, bars, coloured_cell, heatmap, lines, link_to, override, query, stat, states, steps, table, width, words
from common import (ALERTS, BAD_IF_ANY, GOOD_SHARE, MANAGER, NEUTRAL, NO_IS_BAD, NODE, NODES, REBOOTS, SITE, WARN_IF_ANY, YES_IS_BAD,
                    keyed)
from netboot import quantiles

# Which process is the manager's: the one that serves piman_build_info. That holds whatever its job is called.
OF_MANAGER = "and on (job, instance) piman_build_info{<s>}"
OK = words((0, "failing", "red"), (1, "ok", "green"))
FAILING = words((0, "ok", "green"), (1, "failing", "red"))

NUMBERS = [
    stat("Managers", "Managers that Prometheus reaches, by version.", "none", query("count by (version) (piman_build_info{<s>})", "{{version}}"),
         show="value_and_name", thresholds=steps("red", (1, "green"))),
    stat("Running for", "Since the manager was started.", "s", query("time() - min(piman_start_time_seconds{<s>})"), thresholds=NEUTRAL, decimals=1),
    stat("Good scrapes", "Of the manager's scrapes in the time range.", "percentunit",
         query("1 - sum(increase(piman_scrape_failures_total{<s>}[$__range])) / (sum(increase(piman_scrapes_total{<s>}[$__range])) > 0)", instant=True),
         thresholds=GOOD_SHARE, decimals=2),
    stat("Scrapes/s", "Pages of nodes that the manager takes.", "none", query("sum(rate(piman_scrapes_total{<s>}[<r>]))"), thresholds=NEUTRAL,
         graph=True, decimals=1),
    stat("CPU each", "CPU time of the whole manager, divided by its scrapes.", "s",
         query(f"sum(rate(process_cpu_seconds_total[<r>]) {OF_MANAGER}) / (sum(rate(piman_scrapes_total{{<s>}}[<r>])) > 0)"), thresholds=NEUTRAL, graph=True),
    stat("Memory", "Of the manager, in RAM.", "bytes", query(f"sum(process_resident_memory_bytes {OF_MANAGER})"), thresholds=NEUTRAL, graph=True),
    stat("Inventory", "Whether the inventory file is what is watched, or has problems so that an older state is.", "none",
         query("min(piman_inventory_valid{<s>})"), mappings=OK),
    stat("Store", "Whether the last transaction was stored. While it fails no lease is given.", "none", query("max(piman_store_failing{<s>})"),
         mappings=FAILING, empty="off"),
]

SCRAPES = [
    lines("Failures by reason", "Scrapes that failed, within the time of a point.", "none",
          query("sum by (reason) (increase(piman_scrape_failures_total{<s>}[<r>]))", "{{reason}}"), w=8, stack=True),
    lines("How long scrapes take", "All scrapes of nodes.", "s", quantiles("piman_scrape_duration_seconds"), w=8),
    lines("How late they begin", "Against when they were due: a manager that is too busy is late.", "s", quantiles("piman_scrape_delay_seconds"), w=8),
    heatmap("Scrapes by duration", "How many scrapes took how long.", "sum by (le) (increase(piman_scrape_duration_seconds_bucket{<s>}[<r>]))"),
    lines("Pages", "Bytes of the nodes' pages, a second.", "Bps", query("sum(rate(piman_scrape_body_bytes_total{<s>}[<r>]))", "pages"), w=8),
    lines("Age of what is passed on", "Age of the oldest page that Prometheus would get.", "s",
          query("topk(5, max by (site, node) (piman_node_page_age_seconds{<n>}))", "{{node}}"), w=8),
    table("Nodes by scrape", "What each node's scrapes cost, and when it was last heard of.",
          [query(expression, table=True) for expression in (
              'label_join(max by (site, node) (piman_node_info{<n>}), "key", "/", "site", "node")', keyed("piman_node_up{<n>}"),
              keyed("piman_node_reachable{<n>}"), keyed("piman_node_last_seen_timestamp_seconds{<n>} * 1000"),
              keyed("piman_node_scrape_duration_seconds{<n>}"), keyed("piman_node_scrape_samples{<n>}"),
              keyed("avg_over_time(piman_node_up{<n>}[$__range])"), keyed("scrape_duration_seconds{<n>}"))],
          [("node", "Node", width(120, **link_to(NODE, "Open the node", site="Site", node="Node"))), ("site", "Site", width(90)),
           ("Value #B", "Agent", coloured_cell("none", mappings=NO_IS_BAD)), ("Value #C", "Host answers", coloured_cell("none", mappings=NO_IS_BAD)),
           ("Value #D", "Last seen", {"unit": "dateTimeFromNow"}), ("Value #E", "Last scrape", {"unit": "s"}), ("Value #F", "Samples", {}),
           ("Value #G", "Answered", coloured_cell("percentunit", GOOD_SHARE)), ("Value #H", "By Prometheus", {"unit": "s"})],
          key="key", w=16, h=9, sort="Last scrape", descending=True),
    bars("Slowest collectors", "Mean time of the agents' collectors over all nodes; each has 3 seconds.", "s",
         query("topk(12, avg by (collector) (node_scrape_collector_duration_seconds{<n>}))", "{{collector}}", instant=True), w=8, h=9, min=0,
         thresholds=steps("green", (0.05, "yellow"), (0.5, "red"))),
]

PROCESS = [
    lines("CPU of the manager", "Share of one core.", "percentunit", query(f"rate(process_cpu_seconds_total[<r>]) {OF_MANAGER}", "{{instance}}"), w=6, h=7),
    lines("Memory of the manager", "In RAM.", "bytes", query(f"process_resident_memory_bytes {OF_MANAGER}", "{{instance}}"), w=6, h=7),
    lines("Open files", "Of the manager: one for each connection to a node.", "none", query(f"process_open_fds {OF_MANAGER}", "{{instance}}"), w=6, h=7),
    lines("Threads", "Of the manager.", "none", query(f"process_threads {OF_MANAGER}", "{{instance}}"), w=6, h=7),
    lines("Transactions", "That store leases, a second, and what they stored.", "ops",
          [query("sum(rate(piman_store_commits_total{<s>}[<r>]))", "transactions"), query("sum(rate(piman_store_lease_changes_total{<s>}[<r>]))", "leases")], w=6, h=7),
    lines("Time of a transaction", "Mean.", "s", query("sum(rate(piman_store_commit_seconds_total{<s>}[<r>])) / (sum(rate(piman_store_commits_total{<s>}[<r>])) > 0)",
                                                      "mean"), w=6, h=7, points=True, custom={"showPoints": "auto"}),
    lines("Not stored", "Transactions that failed, by reason, and records dropped.", "none",
          [query("sum by (reason) (increase(piman_store_failures_total{<s>}[<r>]))", "{{reason}}"),
           query("sum(increase(piman_store_dropped_total{<s>}[<r>]))", "dropped")], w=6, h=7),
    lines("Lost events", "Events of netboot that came faster than they could be recorded.", "none",
          query("sum(increase(piman_netboot_lost_events_total{<s>}[<r>]))", "events"), w=6, h=7),
]

ALERT_PATH = [
    stat("Steady signal", "Age of the last Watchdog that came through Alertmanager to the manager: while it is young, the whole path works.", "s",
         query("time() - max(piman_watchdog_last_timestamp_seconds{<s>})"), w=4, h=4, thresholds=steps("green", (300, "orange"), (900, "red")), empty="none came",
         decimals=0),
    stat("Rules", "Whether Watchdog fires in Prometheus: it always should.", "none", query('count(ALERTS{alertname="Watchdog",alertstate="firing"}) > bool 0 or vector(0)'),
         w=4, h=4, mappings=words((0, "silent", "red"), (1, "evaluated", "green"))),
    stat("Alertmanagers", "That Prometheus sends to.", "none", query("min(prometheus_notifications_alertmanagers_discovered)"), w=4, h=4,
         thresholds=steps("red", (1, "green"))),
    stat("Configuration", "Whether Prometheus and Alertmanager could read theirs.", "none",
         [query("min(prometheus_config_last_reload_successful)", "Prometheus"), query("min(alertmanager_config_last_reload_successful)", "Alertmanager")], w=4, h=4,
         mappings=OK, show="value_and_name"),
    stat("Own messages", "Whether the last attempt of each of the manager's own notifiers failed.", "none",
         query("max by (notifier) (piman_notifier_failing{<s>})", "{{notifier}}"), w=4, h=4, mappings=FAILING, show="value_and_name", empty="none set up"),
    stat("Waiting", "Alerts that wait to be told: in Prometheus, and in the manager.", "none",
         [query("sum(prometheus_notifications_queue_length)", "Prometheus"), query("sum(piman_notification_queue_length{<s>})", "manager")], w=4, h=4,
         show="value_and_name", thresholds=steps("green", (10, "orange"), (100, "red"))),
    lines("Alerts", "In Alertmanager, by state.", "none", query("sum by (state) (alertmanager_alerts)", "{{state}}"), w=8, step=True),
    lines("Messages of Alertmanager", "By integration: sent and failed, within the time of a point.", "none",
          [query("sum by (integration) (increase(alertmanager_notifications_total[<r>])) > 0", "{{integration}}"),
           query("sum by (integration) (increase(alertmanager_notifications_failed_total[<r>])) > 0", "{{integration}} failed")], w=8),
    lines("Time of a message", "How long Alertmanager's messages take, 90 % of them.", "s",
          query("histogram_quantile(0.9, sum by (le, integration) (rate(alertmanager_notification_latency_seconds_bucket[<r>]))) >= 0", "{{integration}}"), w=8,
          points=True, custom={"showPoints": "auto"}),
    lines("Messages of the manager", "Attempts by receiver and result, and alerts that were never told.", "none",
          [query("sum by (notifier, result) (increase(piman_notifications_total{<s>}[<r>]))", "{{notifier}} {{result}}"),
           query("sum by (notifier) (increase(piman_notifications_dropped_total{<s>}[<r>]))", "{{notifier}} dropped")], w=8),
    lines("The manager's own alerts", "By condition; silenced ones are counted apart.", "none",
          [query('sum by (condition) (piman_alerts{<s>,state="firing"}) > 0', "{{condition}}"), query("sum(piman_alerts_silenced{<s>})", "silenced"),
           query("sum(piman_silences{<s>})", "silences in force")], w=8, stack=True, step=True),
    lines("Lost on the way", "Alerts that Prometheus dropped, and that Alertmanager refused.", "none",
          [query("sum(increase(prometheus_notifications_dropped_total[<r>]))", "dropped"),
           query("sum(increase(alertmanager_alerts_invalid_total[<r>]))", "refused")], w=8),
]

PROMETHEUS = [
    states("Targets", "Whether Prometheus reaches each of its targets that is no node.", query('min by (job, instance) (up{node=""})', "{{job}} {{instance}}"),
           words((0, "down", "red"), (1, "up", "green")), w=12, h=7),
    lines("Nodes not answered for", "Targets of nodes that are down for Prometheus.", "none", query("count(up{<n>} == 0) or vector(0)", "nodes"), w=6, h=7, step=True),
    lines("Series", "In Prometheus' head.", "none", query("sum(prometheus_tsdb_head_series)", "series"), w=6, h=7),
    lines("Samples", "That Prometheus takes at each round of all its targets.", "none", query("sum(scrape_samples_post_metric_relabeling)", "samples"), w=6, h=7),
    lines("Time of rules", "How long the evaluation of all groups takes.", "s",
          query('max by (quantile) (prometheus_rule_group_duration_seconds{quantile=~"0.9|0.99"})', "{{quantile}}"), w=6, h=7),
    lines("Blocks on disk", "Bytes of Prometheus' blocks.", "bytes", query("sum(prometheus_tsdb_storage_blocks_bytes)", "blocks"), w=6, h=7),
    lines("Discovery", "Failed requests for targets to the manager.", "none", query("sum(increase(prometheus_sd_http_failures_total[<r>]))", "failures"), w=6, h=7),
]


def manager():
    board = Dashboard(MANAGER, "piman / Manager & scraping", """Whether the watching itself works, and what it costs: the manager's scrapes, its process and store,
        Prometheus, and the way of an alert to a person.""", [SITE, NODES], [REBOOTS, ALERTS], time="now-3h")
    board.add(*NUMBERS)
    for title, panels in (("Scraping", SCRAPES), ("The way of an alert", ALERT_PATH), ("Process and store", PROCESS), ("Prometheus", PROMETHEUS)):
        board.row(title, *panels)
    return board
