# SPDX-License-Identifier: Apache-2.0
"""Reading the dashboards as they are delivered: files, panels, expressions."""
import json
import pathlib
from typing import NamedTuple

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "dashboards"


class Expression(NamedTuple):
    board: str
    where: str  # panel, variable or annotation, and which query of it
    text: str
    kind: str  # "panel", "variable" or "annotation"
    instant: bool = False


def read_all(folder=FOLDER):
    """File name -> dashboard."""
    return {path.name: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def panels(board):
    """All that show something, also those in closed rows."""
    for panel in board["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels", ())


def expressions(board):
    name = board["uid"]
    for panel in panels(board):
        for target in panel["targets"]:
            yield Expression(name, f"{panel['title']} {target['refId']}", target["expr"], "panel", target["instant"])
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Expression(name, f"${variable['name']}", variable["query"]["query"], "variable", True)
    for each in board["annotations"]["list"]:
        if not each.get("builtIn"):
            yield Expression(name, f"annotation {each['name']}", each["target"]["expr"], "annotation")
