# SPDX-License-Identifier: Apache-2.0
"""Site overview: several managers at a glance, from one store that all of their Prometheus servers write to."""
from builder import Dashboard, bars, coloured_cell, gauge_cell, lines, link_to, override, query, stat, states, steps, table, width, words
from common import (ALERTS, BAD_IF_ANY, FLEET, FULL, GOOD_SHARE, HOT, NEUTRAL, REAL_ALERTS, SITE, SITES, TROUBLE, UNDER_WAY, WARN_IF_ANY)

UP = 'max by (site, node) (piman_node_up{<s>})'
# A site whose manager was heard of within the last day and is silent now is lost, not absent.
KNOWN = "count by (site) (last_over_time(piman_fleet_nodes{<s>}[1d]))"
HEARD = f"(count by (site) (piman_fleet_nodes{{<s>}}) > bool 0) or 0 * {KNOWN}"
LINK = {"title": "Open the site's fleet", "targetBlank": False,
        "url": f"/d/{FLEET}?${{datasource:queryparam}}&var-site=${{__field.labels.site}}&${{__url_time_range}}"}
SITE_WORDS = words((0, "lost", "red"), (1, "heard", "green"))
LINKED = [override("/.*/", links=[LINK])]


def per_site(title, description, unit, expression, **more):
    return lines(title, description, unit, query(expression, "{{site}}"), w=8, **more)


def count_of(pattern):
    return f'sum by (site) (piman_fleet_nodes{{<s>,phase=~"{pattern}"}})'


NUMBERS = [
    stat("Sites heard", "Sites whose manager is heard, and sites that were heard of in the last day.", "none",
         [query(f"sum({HEARD})", "heard"), query(f"count({KNOWN})", "of")], show="value_and_name", overrides=[override("of", thresholds=NEUTRAL)],
         thresholds=steps("red", (1, "green"))),
    stat("Sites lost", "Heard of in the last day, and silent now.", "none", query(f"count(({HEARD}) == 0) or vector(0)"), thresholds=BAD_IF_ANY),
    stat("Nodes up", "Of all nodes of the chosen sites.", "none", [query(f"sum({UP})", "up"), query("sum(piman_fleet_nodes{<s>})", "of")], show="value_and_name",
         overrides=[override("of", thresholds=NEUTRAL)]),
    stat("In trouble", "Nodes that are down, whose agent is, whose boot or install failed, or that are quarantined.", "none",
         query(f"sum({count_of(TROUBLE)})"), thresholds=BAD_IF_ANY, graph=True),
    stat("Under way", "Nodes that boot or are installed.", "none", query(f"sum({count_of(UNDER_WAY)})"), thresholds=steps("text", (1, "blue")), graph=True),
    stat("Availability", "Share of the time range in which nodes were up, all sites together.", "percentunit",
         query("avg(avg_over_time(piman_node_up{<s>}[$__range]))", instant=True), thresholds=GOOD_SHARE, decimals=2),
    stat("Worst site", "The site with the lowest availability in the time range.", "percentunit",
         query("bottomk(1, avg by (site) (avg_over_time(piman_node_up{<s>}[$__range])))", "{{site}}", instant=True), show="value_and_name",
         thresholds=GOOD_SHARE, decimals=2),
    stat("Alerts firing", "Alerts of Prometheus' rules, by severity.", "none",
         [query(f'count(ALERTS{{<s>,{REAL_ALERTS},severity="{word}"}}) or vector(0)', word) for word in ("critical", "warning")],
         show="value_and_name", thresholds=BAD_IF_ANY, overrides=[override("warning", thresholds=WARN_IF_ANY)]),
]

TABLE = table(
    "Sites", "One row a site; a click on its name opens its fleet. A site that was heard of in the last day and is silent now stays in the table, as lost.",
    [query(expression, table=True) for expression in (
        HEARD, f"sum by (site) ({UP})", "sum by (site) (piman_fleet_nodes{<s>})", f"avg by (site) ({UP})", count_of(TROUBLE), count_of(UNDER_WAY),
        "avg by (site) (avg_over_time(piman_node_up{<s>}[$__range]))", f"count by (site) (ALERTS{{<s>,{REAL_ALERTS}}}) or 0 * {KNOWN}",
        "max by (site) (piman_node_temperature_celsius{<s>})", "max by (site) (piman_node_disk_ratio{<s>})",
        "sum by (site) (max by (site, node) (piman_node_under_voltage{<s>} or piman_node_throttled{<s>}))",
        "sum by (site) (piman_installs_running{<s>})")],
    [("site", "Site", {**width(120), **link_to(FLEET, "Open the site's fleet", site="Site")}),
     ("Value #A", "Manager", coloured_cell("none", mappings=SITE_WORDS, background=True, width=90)),
     ("Value #B", "Up", width(70)), ("Value #C", "Nodes", width(70)), ("Value #D", "Up now", gauge_cell("percentunit", GOOD_SHARE, width=120)),
     ("Value #E", "In trouble", coloured_cell("none", BAD_IF_ANY, width=95)), ("Value #F", "Under way", coloured_cell("none", steps("text", (1, "blue")), width=95)),
     ("Value #G", "Availability", coloured_cell("percentunit", GOOD_SHARE, width=95)), ("Value #H", "Alerts", coloured_cell("none", BAD_IF_ANY, width=95)),
     ("Value #I", "Hottest", coloured_cell("celsius", HOT, width=95)), ("Value #J", "Fullest", coloured_cell("percentunit", FULL, width=95)),
     ("Value #K", "Held back", coloured_cell("none", WARN_IF_ANY, width=95)), ("Value #L", "Installs", {})],
    key="site", h=7, sort="Site")

OVER_TIME = [
    per_site("Share up", "Share of each site's nodes that are up.", "percentunit", f"avg by (site) ({UP})", max=1, min=0, step=True),
    per_site("Nodes in trouble", "Nodes of each site that are down, failed or quarantined.", "none", count_of(TROUBLE), step=True, stack=True),
    per_site("Alerts", "That fire, without Watchdog.", "none", f"count by (site) (ALERTS{{<s>,{REAL_ALERTS}}})", step=True, stack=True),
    per_site("Boots and installs", "Nodes of each site that boot or are installed.", "none", count_of(UNDER_WAY), step=True, stack=True),
    per_site("CPU", "Mean of each site's nodes.", "percentunit", "avg by (site) (piman_node_cpu_ratio{<s>})", max=1, min=0),
    per_site("Temperature", "Hottest node of each site.", "celsius", "max by (site) (piman_node_temperature_celsius{<s>})"),
    per_site("Scrapes that failed", "Share of each manager's scrapes.", "percentunit",
             "sum by (site) (rate(piman_scrape_failures_total{<s>}[<r>])) / (sum by (site) (rate(piman_scrapes_total{<s>}[<r>])) > 0)", max=1),
    per_site("Late scrapes", "How late 90 % of each manager's scrapes begin at most.", "s",
             "histogram_quantile(0.9, sum by (site, le) (rate(piman_scrape_delay_seconds_bucket{<s>}[<r>]))) >= 0"),
    bars("Models", "Nodes by model.", "none", query("sort_desc(count by (model) (max by (site, node, model) (piman_node_info{<s>})))", "{{model}}", instant=True), w=8, h=8,
         thresholds=steps("blue"), min=0),
]


def sites():
    board = Dashboard(SITES, "piman / Site overview", """Several sites, each with a manager of its own, at a glance: which is lost, which has trouble, which is hot or full. A click on a
        site opens its fleet.""", [SITE], [ALERTS], time="now-6h")
    board.add(*NUMBERS)
    board.add(TABLE)
    board.add(
        states("Managers", "Whether each site was heard of.", query(HEARD, "{{site}}"), SITE_WORDS, w=12, h=7, overrides=LINKED),
        bars("Availability by site", "Share of the time range in which the nodes of each site were up, worst first.", "percentunit",
             query("sort(avg by (site) (avg_over_time(piman_node_up{<s>}[$__range])))", "{{site}}", instant=True), w=12, h=7, min=0, max=1, thresholds=GOOD_SHARE,
             decimals=2, overrides=LINKED))
    board.row("Over time", *OVER_TIME)
    return board
