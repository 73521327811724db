# SPDX-License-Identifier: Apache-2.0
"""Running the expressions of the dashboards as Grafana would, and what is known to be empty."""
import json
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

REPO = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "scripts/lib"))
from dashboard_files import expressions, read_all  # noqa: E402

EMPTY = REPO / "tests/dashboards/empty.txt"
# Begins the reason of what only a network with nodes that boot can show.
OF_NETBOOT = "netboot:"


class Prometheus:
    """One to ask, with what Grafana puts in place of its names. `past`: how many seconds a chart shows."""

    def __init__(self, url, names, past, all_over_time=False):
        self.url, self.names, self.past, self.all_over_time = url, names, past, all_over_time

    def query(self, expression, kind="query", **more):
        data = urllib.parse.urlencode({"query": expression, **more}).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{kind}", data, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:  # its body says what is wrong
            return json.load(error)

    def series(self, expression):
        return self.query(expression)["data"]["result"]

    def run(self, each, chosen=None):
        """(error, whether there was any sample)."""
        label = re.match(r"label_values\((.*), ([a-z]+)\)$", each.text)
        text = f"count by ({label.group(2)}) ({label.group(1)})" if label else each.text
        for name, value in {**self.names, **(chosen or {})}.items():
            text = text.replace(name, value)
        if each.instant and not self.all_over_time:
            answer = self.query(text)
        else:
            now = time.time()
            answer = self.query(text, "query_range", start=now - self.past, end=now, step=5)
        if answer["status"] != "success":
            return answer.get("error", "?"), False
        return None, bool(answer["data"]["result"])


def read_empty():
    """(dashboard, panel and query) -> reason."""
    rows = {}
    for number, line in enumerate(EMPTY.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        assert len(parts) == 3 and all(parts), f"{EMPTY}:{number}: not DASHBOARD | WHERE | REASON"
        rows[parts[0], parts[1]] = parts[2]
    return rows


def check_all(prometheus, must_give, some_nodes=None):
    """Runs all of them; returns what is wrong, in words. `must_give`: whether an expression has to give something, by the
    reason why it is listed, or None; `some_nodes`: also with these values of $site and $node, which may give nothing but
    no error."""
    empty, problems, checked, silent = read_empty(), [], set(), set()
    for board in read_all().values():
        for each in expressions(board):
            key = (each.board, each.where)
            checked.add(key)
            error, has_data = prometheus.run(each)
            if error:
                problems.append(f"{each.board}: {each.where}: {error}\n  {each.text}")
            elif not has_data:
                silent.add(key)
                if must_give(empty.get(key)):
                    problems.append(f"{each.board}: {each.where}: gives nothing\n  {each.text}")
            if some_nodes:
                error, _ = prometheus.run(each, some_nodes)
                if error:
                    problems.append(f"{each.board}: {each.where}, of some nodes: {error}\n  {each.text}")
    problems += [f"{EMPTY.name}: {' | '.join(key)}: there is no such panel" for key in sorted(set(empty) - checked)]
    print(f"{len(checked)} expressions, {len(checked) - len(silent)} with data, {len(problems)} problems", flush=True)
    return problems
