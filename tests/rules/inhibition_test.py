# SPDX-License-Identifier: Apache-2.0
"""Posts alerts to a real Alertmanager with alerting/alertmanager.yml and looks at which of them are held back."""
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

REPO = pathlib.Path(__file__).resolve().parents[2]

# Each is posted together: "NAME severity site [node]" and whether it is held back while all of them fire.
ALERTS = [(dict(zip(("alertname", "severity", "site", "node"), line.split())), held) for line, held in [
    # a dead node is told once; its neighbour and its namesake elsewhere speak for themselves
    ("NodeDown critical lab pi1", False), ("AgentDown warning lab pi1", True), ("FilesystemFull critical lab pi1", True),
    ("FilesystemFull critical lab pi2", False), ("AgentDown warning attic pi1", False),
    # the same in a milder form
    ("Anything critical lab pi2", False), ("Anything warning lab pi2", True), ("DiskHigh warning lab pi2", True),
    ("DiskHigh warning lab pi3", False), ("Overheating critical lab pi3", False), ("TemperatureHigh warning lab pi3", True),
    ("Throttled warning lab pi3", True), ("Throttled warning lab pi4", False), ("NodeQuarantined warning lab pi5", False),
    ("NodeStuck warning lab pi5", True), ("DhcpPoolExhausted critical lab", False), ("DhcpPoolLow warning lab", True),
    ("DhcpPoolLow warning shed", False),
    ("SiteAvailabilityBurnsFast critical lab", False), ("SiteAvailabilityBurnsSlowly warning lab", True),
    ("UnderVoltage warning lab pi6", False), ("UnderVoltageOften warning lab pi6", True),
    ("RootReadOnly critical lab pi7", False), ("CardErrors warning lab pi7", True),
    # a dead site is told once, and not by its nodes
    ("SiteDown critical shed", False), ("NodeDown critical shed pi1", True), ("AgentDown warning shed pi2", True),
    ("SiteAvailabilityBurnsFast critical shed", True), ("InventoryInvalid warning shed", False),
    # without a manager nothing is known of nodes
    ("ManagerDown critical barn", False), ("NodeDown critical barn pi1", True), ("SiteDown critical barn", True),
    ("TargetsMissing warning barn", True), ("StoreFailing critical barn", False),
    # notes alone are held back; beside something worse they are told
    ("InfoInhibitor none lab pi8", False), ("RebootRequired info lab pi8", True), ("RebootRequired info lab pi9", False),
    ("Watchdog none lab", False)]]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(url, body=None):
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def wait_for(url, process):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return call(url)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit("Alertmanager did not become ready")


def states(url):
    return {json.dumps(alert["labels"], sort_keys=True): alert["status"]["state"] == "suppressed"
            for alert in call(url + "/api/v2/alerts")}


def main():
    expected = {json.dumps(labels, sort_keys=True): held for labels, held in ALERTS}
    with tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{free_port()}"
        process = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={REPO}/alerting/alertmanager.yml", "--cluster.listen-address=",
             f"--web.listen-address={url[7:]}", f"--storage.path={folder}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(url + "/api/v2/status", process)
            call(url + "/api/v2/alerts", [{"labels": labels} for labels, _ in ALERTS])
            # Inhibition is worked out when a group is flushed; the longest wait of these groups is 10 s.
            deadline = time.monotonic() + 25
            while states(url) != expected and time.monotonic() < deadline:
                time.sleep(0.2)
            got = states(url)
        finally:
            process.terminate()
            process.wait(10)
    for labels in expected:
        if got.get(labels) != expected[labels]:
            print(f"{labels}: held back is {got.get(labels)}, not {expected[labels]}")
    sys.exit(0 if got == expected else 1)


main()
