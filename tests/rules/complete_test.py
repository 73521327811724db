# SPDX-License-Identifier: Apache-2.0
"""What promtool does not ask for: each alert of alerting/rules/ has all that whoever gets it needs, a runbook that was written,
a dashboard that exists, and tests: that it fires with exact labels and annotations, that it does not before, and that it
resolves. Each recorded series is looked at by a test, too. `--self-test` shows that the checks can fail."""
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
REPO = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "scripts/lib"))
import yaml  # noqa: E402
from alert_rules import Alert, alerts, records  # noqa: E402

SEVERITIES = {"critical", "warning", "info", "none"}
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url"}
SECTIONS = ("**Means**", "**Likely causes", "**Look**", "**Do**")
ALWAYS_FIRES = {"Watchdog"}
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m|h|d)", str(text)))


def of_itself(alert, docs):
    if alert.severity not in SEVERITIES:
        yield f"has no severity of {sorted(SEVERITIES)}"
    for missing in ANNOTATIONS - alert.annotations.keys():
        yield f"has no {missing}"
    if "$labels." not in alert.annotations.get("summary", "") and alert.name not in {
            "Watchdog", "AlertsNotDelivered", "RulesFailing", "RemoteWriteBehind"}:
        yield "does not say in its summary of what it is"
    if alert.annotations.get("runbook_url") != f"docs/runbooks/{alert.name}.md":
        yield "has a runbook_url of another name"
    page = docs / f"{alert.name}.md"
    if not page.exists():
        yield f"has no {page.relative_to(REPO)}"
        return
    text = page.read_text()
    if not text.startswith(f"# {alert.name}\n"):
        yield f"{page.name} has another title"
    places = [text.find(section) for section in SECTIONS]
    if -1 in places or places != sorted(places):
        yield f"{page.name} does not have the sections {', '.join(SECTIONS)}, in this order"
    elif not re.search(r"\n1\. .*`", text[places[2]:places[3]], re.S):
        yield f"{page.name} says no command where to look"


def of_dashboard(alert, uids):
    url = re.match(r"/d/([a-z-]+)(\?var-site=|$)", alert.annotations.get("dashboard_url", ""))
    if not url:
        yield "has a dashboard_url that is no /d/UID?var-site=..."
    elif uids and url.group(1) not in uids:
        yield f"leads to the dashboard {url.group(1)}, which does not exist"


def cases(tests, name):
    """For each test that names the alert: (time, expected alerts), in order of time."""
    for test in tests:
        found = [(seconds(case["eval_time"]), case.get("exp_alerts") or []) for case in test.get("alert_rule_test", ())
                 if case["alertname"] == name]
        if found:
            yield sorted(found, key=lambda case: case[0])


def of_tests(alert, tests):
    fires = before = after = False
    for steps in cases(tests, alert.name):
        times = [time for time, expected in steps if expected]
        fires |= bool(times)
        before |= any(not expected and times and time < times[0] for time, expected in steps)
        after |= any(not expected and times and time > times[-1] for time, expected in steps)
        for _, expected in steps:
            for one in expected:
                if one.get("exp_labels", {}).get("severity") != alert.severity:
                    yield "is expected somewhere without its severity"
                if one.get("exp_annotations", {}).keys() != alert.annotations.keys():
                    yield "is expected somewhere without all of its annotations"
    if not fires:
        yield "fires in no test"
    elif alert.name not in ALWAYS_FIRES:
        if not before:
            yield "has no test in which it does not fire yet"
        if not after:
            yield "has no test in which it resolves"


def problems(found, tests, uids, docs):
    for alert in found:
        for check in (of_itself(alert, docs), of_dashboard(alert, uids), of_tests(alert, tests)):
            for problem in check:
                yield f"{alert.name} {problem}"
    names = {alert.name for alert in found}
    if len(names) != len(found):
        yield "two alerts have one name"
    for page in docs.glob("*.md"):
        if page.stem not in names:
            yield f"{page.name} is the runbook of no alert"


def self_test(found, tests, docs):
    good = next(alert for alert in found if alert.name == "NodeDown")

    def told(alert, words, tests=tests):
        said = list(problems([alert], tests, {"piman-node"}, docs))
        assert any(words in one for one in said), f"{words!r} is not among {said[:5]}"
    told(good._replace(severity="bad"), "has no severity")
    told(good._replace(annotations={}), "has no summary")
    told(good._replace(name="Nobody"), "has no docs/runbooks/Nobody.md")
    told(good._replace(annotations={**good.annotations, "dashboard_url": "/d/piman-none?var-site=x"}), "does not exist")
    told(good, "fires in no test", [])
    told(good, "without all of its annotations", [{"alert_rule_test": [
        {"eval_time": "1m", "alertname": "NodeDown", "exp_alerts": [{"exp_labels": {"severity": "critical"}}]}]}])
    told(good, "does not fire yet", [{"alert_rule_test": [
        {"eval_time": "1m", "alertname": "NodeDown", "exp_alerts": [{}]}, {"eval_time": "2m", "alertname": "NodeDown"}]}])
    told(good, "in which it resolves", [{"alert_rule_test": [
        {"eval_time": "2m", "alertname": "NodeDown", "exp_alerts": [{}]}, {"eval_time": "1m", "alertname": "NodeDown"}]}])
    print("each check can fail")


def main():
    found = list(alerts())
    files = sorted((REPO / "tests/rules").glob("*_test.yml"))
    tests = [test for path in files for test in yaml.safe_load(path.read_text())["tests"]]
    if sys.argv[1:] == ["--self-test"]:
        self_test(found, tests, REPO / "docs/runbooks")
        return
    uids = {json.loads(path.read_text())["uid"] for path in (REPO / "dashboards").glob("*.json")}
    said = list(problems(found, tests, uids, REPO / "docs/runbooks"))
    asked = " ".join(case["expr"] for test in tests for case in test.get("promql_expr_test", ()))
    used = asked + " ".join(alert.expr for alert in found) + " ".join(records().values())
    said += [f"{name} is recorded, and no test looks at it or at what is made of it" for name in records() if name not in used]
    if {path.stem.removesuffix("_test") for path in files} != {path.stem for path in (REPO / "alerting/rules").glob("*.yml")}:
        said.append("not each file of rules has one file of tests, and no other")
    print("\n".join(said) or f"{len(found)} alerts are complete")
    sys.exit(1 if said else 0)


main()
