# SPDX-License-Identifier: Apache-2.0
"""Reading alerting/rules/ for what checks them and writes of them."""
import pathlib
from typing import NamedTuple

import yaml

REPO = pathlib.Path(__file__).resolve().parents[2]
RULES = REPO / "alerting/rules"


class Alert(NamedTuple):
    group: str
    name: str
    severity: str
    expr: str
    hold: str  # for how long it must be so
    annotations: dict


def groups(folder=RULES):
    """Each file holds one group, named as the file is."""
    for path in sorted(folder.glob("*.yml")):
        (group,) = yaml.safe_load(path.read_text())["groups"]
        if group["name"] != path.stem:
            raise SystemExit(f"{path}: its group is named {group['name']!r}, not as the file")
        yield group


def alerts(folder=RULES):
    for group in groups(folder):
        for rule in group["rules"]:
            if "alert" in rule:
                yield Alert(group["name"], rule["alert"], rule.get("labels", {}).get("severity", ""), rule["expr"],
                            str(rule.get("for", "")), rule.get("annotations", {}))


def records(folder=RULES):
    """Name -> expression."""
    return {rule["record"]: rule["expr"] for group in groups(folder) for rule in group["rules"] if "record" in rule}
