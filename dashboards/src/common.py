# SPDX-License-Identifier: Apache-2.0
"""What the dashboards share: names, phases, limits, variables, annotations."""
from builder import annotation, choice, coloured_cell, link_to, query, steps, table, width, words

FLEET, NODE, NETBOOT, MANAGER, SITES = "piman-fleet", "piman-node", "piman-netboot", "piman-manager", "piman-sites"

# manager/fleet/phase.h, from well to worst, so that the highest number is what needs a look.
PHASES = [
    ("up", "Up", "green"),
    ("off", "Off", "#6e7687"),
    ("pending", "Pending", "#9fa7b3"),
    ("dhcp", "DHCP", "#5794f2"),
    ("loading", "Loading", "#3274d9"),
    ("hello", "Installer", "#b877d9"),
    ("formatting", "Formatting", "#a352cc"),
    ("downloading", "Downloading", "#8f3bb8"),
    ("verifying", "Verifying", "#ca95e5"),
    ("booting", "Booting", "#8ab8ff"),
    ("agent-down", "Agent down", "orange"),
    ("down", "Down", "red"),
    ("failed", "Failed", "dark-red"),
    ("quarantined", "Quarantined", "#ad0317"),
]
PHASE_WORDS = words(*[(number + 1, text, colour) for number, (_, text, colour) in enumerate(PHASES)])
UNDER_WAY = "dhcp|loading|hello|formatting|downloading|verifying|booting"
TROUBLE = "agent-down|down|failed|quarantined"
PHASE_COLOURS = {phase: colour for phase, _, colour in PHASES}

SHARE = steps("green", (0.75, "yellow"), (0.9, "red"))
FULL = steps("green", (0.8, "yellow"), (0.9, "red"))
HOT = steps("green", (70, "yellow"), (80, "red"))  # firmware slows a Pi down from 80 degrees on
BAD_IF_ANY = steps("green", (1, "red"))
WARN_IF_ANY = steps("green", (1, "orange"))
GOOD_SHARE = steps("red", (0.95, "orange"), (0.99, "yellow"), (0.999, "green"))
NEUTRAL = steps("text")
YES_IS_BAD = words((0, "no", "green"), (1, "yes", "red"))
NO_IS_BAD = words((0, "no", "red"), (1, "yes", "green"))

REAL_ALERTS = 'alertstate="firing",alertname!~"Watchdog|InfoInhibitor"'


def phase_code(matchers="<n>"):
    """One number a node: the place of its phase in PHASES, from 1 on."""
    codes = [f'{number + 1} * piman_node_phase{{{matchers},phase="{phase}"}}' for number, (phase, _, _) in enumerate(PHASES)]
    return f"max by (site, node) ({' or '.join(codes)})"


def keyed(expression):
    """For joining tables: one label of site and node, as two sites may have a node of the same name."""
    return f'max by (key) (label_join({expression}, "key", "/", "site", "node"))'


# Everything may be on one site whose manager's own series carry no site: `.*` shows those, too.
SITE = choice("site", "Site", "Sites, each of which has a manager.", "label_values(piman_fleet_nodes, site)", all_value=".*")
NODES = choice("node", "Node", "Nodes of the chosen sites.", "label_values(piman_node_info{<s>}, node)")
ONE_NODE = choice("node", "Node", "Nodes of the chosen sites.", "label_values(piman_node_info{<s>}, node)", first=True)

REBOOTS = annotation("Reboots", "#5794f2", "max by (site, node) (piman_node_boot_time_seconds{<n>}) * 1000",
                     "{{node}} booted", at_value=True)
INSTALLS = annotation("Installs", "#b877d9", "max by (site, node) (piman_node_installed_timestamp_seconds{<n>}) * 1000",
                      "{{node}} installed", at_value=True)
THROTTLING = annotation("Throttling", "orange", "max by (site, node) (piman_node_throttled{<n>} or piman_node_under_voltage{<n>}) == 1",
                        "{{node}} held back by its firmware")
ALERTS = annotation("Alerts", "red", f"ALERTS{{<s>,{REAL_ALERTS}}} == 1", "{{alertname}} {{node}}",
                    tags="alertname,severity,node", enable=False)
EVENTS = [REBOOTS, INSTALLS, THROTTLING, ALERTS]
# Of many nodes some is held back most of the time.
FLEET_EVENTS = [REBOOTS, INSTALLS, {**THROTTLING, "enable": False}, ALERTS]
# Where boots and installs are what is drawn, marks of them cover it.
QUIET_EVENTS = [{**each, "enable": False} for each in (REBOOTS, INSTALLS, ALERTS)]


def alert_table(matchers, *, w, h, columns=("alertname", "severity", "node", "site")):
    severities = [{"type": "value", "options": {
        "critical": {"text": "critical", "color": "red", "index": 0}, "warning": {"text": "warning", "color": "orange", "index": 1},
        "info": {"text": "info", "color": "blue", "index": 2}}}]
    known = {
        "alertname": ("alertname", "Alert", {}),
        "severity": ("severity", "Severity", coloured_cell("none", mappings=severities, width=75)),
        "node": ("node", "Node", width(75, **link_to(NODE, "This node", site="Site", node="Node"))),
        "site": ("site", "Site", width(75)),
    }
    return table(
        "Alerts firing", "What Prometheus' rules say at this moment, oldest first; without Watchdog.",
        query(f"""sort(max by (alertname, severity, node, site) (
            ALERTS_FOR_STATE{{{matchers}}} and ignoring (alertstate) ALERTS{{{matchers},{REAL_ALERTS}}}) * 1000)""", table=True),
        [*(known[each] for each in columns), ("Value", "Since", width(115, unit="dateTimeFromNow"))], w=w, h=h, sort="Since", empty="no alert fires")

