# SPDX-License-Identifier: Apache-2.0
"""What Slack gets, by a real Alertmanager with alerting/alertmanager.yml and its templates: one message for many alerts, capped;
one when they are over, with how long it lasted; nothing lost when Slack asks for less; nothing that a node could write
to everybody."""
import pathlib
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from alertmanager_run import Alertmanager, Failure, Slack, expect, wait_until  # noqa: E402

TIMES = [("group_wait", "2s"), ("group_interval", "2s"), ("resolve_timeout", "1m")]


def alert(name, severity, node, **more):
    return {"labels": {"alertname": name, "severity": severity, "site": "lab", "node": node},
            "annotations": {"summary": f"Node {node} is down", "description": f"Nothing answers at {node}.",
                            "runbook_url": f"docs/runbooks/{name}.md",
                            "dashboard_url": f"/d/piman-node?var-site=lab&var-node={node}"}, **more}


def ended(alerts):
    return [{**one, "endsAt": stamp(time.time())} for one in alerts]


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".345Z"


def many(alertmanager, slack):
    began = stamp(time.time() - 1)  # for what is older than group_wait nobody waits
    alerts = [alert("NodeDown", "critical", f"pi{i}", startsAt=began) for i in range(1, 13)]
    alertmanager.post(alerts)
    (post,) = wait_until("one message", slack.taken)
    expect(post["title"] == "[FIRING:12] NodeDown (lab)", post["title"])
    expect(post["fallback"] == post["title"] and post["color"] == "danger", f"{post}")
    expect(re.fullmatch(r"http://\S+/#/alerts\?receiver=critical", post["title_link"]), post["title_link"])
    lines = post["text"].splitlines()
    expect(len(lines) == 12, f"{len(lines)} lines: {lines}")
    expect(re.fullmatch(r"• <http://127\.0\.0\.1:3001/d/piman-node\?var-site=lab&amp;var-node=pi\d+\|Node pi\d+ is down>, "
                        "since " + began[11:19] + " UTC", lines[0]), lines[0])
    expect(lines[-2:] == ["and 2 more", "runbook: `docs/runbooks/NodeDown.md`"], f"{lines[-2:]}")
    alertmanager.post(ended(alerts))
    post = wait_until("one message that it is over", lambda: slack.taken("[RESOLVED]"))[0]
    expect(post["title"] == "[RESOLVED] NodeDown (lab)" and post["color"] == "good", f"{post}")
    lines = post["text"].splitlines()
    expect(re.search(r": over, lasted \d+s$", lines[0]) and lines[-2] == "and 2 more that are over", f"{lines}")
    expect(len(slack.posts) == 2, f"{len(slack.posts)} posts")


def one(alertmanager, slack):
    alertmanager.post([alert("AgentDown", "warning", "pi1<!channel>&")])
    (post,) = wait_until("a warning", lambda: slack.taken("AgentDown"))
    expect(post["color"] == "warning", f"{post}")
    expect("<!channel>" not in post["text"] and "pi1&lt;!channel&gt;&amp;" in post["text"], post["text"])
    expect("Nothing answers at pi1&lt;" in post["text"], "one alert alone does not have its description")


def refused(alertmanager, slack):
    """Status 429 three times: told all the same, and once."""
    before = len(slack.posts)
    slack.refuse = 3
    alertmanager.post([alert("NodeDown", "critical", "pi20"), alert("StoreFailing", "critical", "pi21")])
    wait_until("both are told", lambda: slack.taken("StoreFailing") and any("pi20" in p["text"] for p in slack.taken("NodeDown")), 30)
    posts = slack.posts[before:]
    expect([p["status"] for p in posts].count(429) == 3, f"{posts}")
    expect([p["status"] for p in posts].count(200) == 2, "told more than once")


def main():
    with tempfile.TemporaryDirectory(prefix="piman-slack.") as name:
        slack = Slack()
        alertmanager = Alertmanager(pathlib.Path(name), slack.url, times=TIMES)
        try:
            for step in (many, one, refused):
                step(alertmanager, slack)
            expect(all(post["path"] == "/services/T0/B0/secret" for post in slack.posts), "another path than in the file")
        except Failure as failure:
            print(f"FAILED: {failure}\n{slack.posts}\n{alertmanager.log.read_text()[-3000:]}", file=sys.stderr)
            return 1
        finally:
            alertmanager.stop()
    print("told once each, capped, escaped, and nothing lost")
    return 0


sys.exit(main())
