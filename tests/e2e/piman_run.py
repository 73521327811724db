# SPDX-License-Identifier: Apache-2.0
"""What end-to-end tests share: a run directory and free ports of their own, scripts/up and down on them, HTTP, waiting."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

REPO = pathlib.Path(__file__).resolve().parents[2]
PARTS = ("agent", "manager", "prometheus", "alertmanager")


class Failure(Exception):
    """What was expected and did not come."""


def expect(condition, words):
    if not condition:
        raise Failure(words)


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def get(url, timeout=5):
    """(status, text); a status of 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (urllib.error.URLError, OSError):
        return 0, ""


def get_json(url):
    status, text = get(url)
    expect(status == 200, f"{url} answers {status}: {text[:200]}")
    return json.loads(text)


def wait_until(what, seconds, probe):
    """Polls `probe` until it gives something true, and returns that."""
    begin = time.monotonic()
    while True:
        try:
            found = probe()
        except Failure as failure:
            found, last = None, str(failure)
        else:
            last = repr(found)
        if found:
            print(f"  {what}: after {time.monotonic() - begin:.1f} s", flush=True)
            return found
        if time.monotonic() - begin > seconds:
            raise Failure(f"{what}: not within {seconds} s ({last})")
        time.sleep(0.25)


class Run:
    """One run directory with its ports. A context: whatever happens, nothing is left of it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="piman-e2e."))
        self.ports = dict(zip(PARTS, free_ports(len(PARTS))))
        self.preset = os.environ.get("PIMAN_TEST_PRESET", "dev")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            for log in sorted((self.folder / "logs").glob("*.log")):
                print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:]), file=sys.stderr)
        self.down()
        for pid in self.processes():  # only what carries our run directory in its command line
            print(f"still there: {pid}", file=sys.stderr)
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, name, *arguments):
        return [str(REPO / "scripts" / name), "--run-dir", str(self.folder), *arguments]

    def up_command(self, *arguments):
        ports = [word for part in PARTS for word in ("--port", f"{part}={self.ports[part]}")]
        return self.command("up", "--no-build", "--preset", self.preset, *ports, *arguments)

    def up(self, *arguments, good=True, seconds=60):
        """The finished scripts/up; `seconds` includes the time until all is ready."""
        done = subprocess.run(self.up_command(*arguments), capture_output=True, text=True, timeout=seconds,
                              stdin=subprocess.DEVNULL)
        if good:
            expect(done.returncode == 0, f"scripts/up {arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def down(self):
        return subprocess.run(self.command("down"), capture_output=True, text=True, timeout=60, check=False)

    def url(self, part, path=""):
        return f"http://127.0.0.1:{self.ports[part]}{path}"

    def pid(self, part):
        return int((self.folder / "pids" / part).read_text().split()[0])

    def processes(self):
        """Pids of everything with this run directory in its command line, and of whoever holds one of its ports."""
        found = set()
        ports = "|".join(str(port) for port in self.ports.values())
        ours = re.compile(f"{re.escape(str(self.folder))}|127\\.0\\.0\\.1:({ports})(?!\\d)".encode())
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in (os.getpid(), os.getppid()):
                continue
            try:
                words = (entry / "cmdline").read_bytes()
                zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                continue
            if not zombie and ours.search(words):
                found.add(int(entry.name))
        return found


def query(run, expression):
    """Samples of a Prometheus query as [(labels, value)]."""
    result = get_json(run.url("prometheus", "/api/v1/query?query=" + urllib.parse.quote(expression)))["data"]["result"]
    return [(sample["metric"], float(sample["value"][1])) for sample in result]


def active_alerts(run):
    """{alertname: labels} of what Alertmanager holds as firing."""
    return {alert["labels"]["alertname"]: alert["labels"]
            for alert in get_json(run.url("alertmanager", "/api/v2/alerts?active=true&silenced=false"))}
