# SPDX-License-Identifier: Apache-2.0
"""A real Alertmanager with alerting/alertmanager.yml, made faster where a test asks for it, and a receiver that stands for
Slack."""
import http.server
import json
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

REPO = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Failure(text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(url, body=None):
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        text = answer.read()
    return json.loads(text) if text and "json" in answer.headers.get("Content-Type", "") else None


def wait_until(what, value, seconds=20.0):
    """What `value` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = value()
            if found:
                return found
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    raise Failure(f"not within {seconds} s: {what}")


class Slack:
    """Keeps each post with its time and the status that it was answered with: `refuse` of the next ones get 429."""

    def __init__(self):
        posts = self.posts = []
        self.refuse = 0
        slack = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = 429 if slack.refuse > 0 else 200
                slack.refuse -= 1
                posts.append({"at": time.monotonic(), "status": status, "path": self.path, "body": body})
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/services/T0/B0/secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self, title=""):
        return [post["body"]["attachments"][0] for post in self.posts
                if post["status"] == 200 and title in post["body"]["attachments"][0]["title"]]


class Alertmanager:
    def __init__(self, folder, slack_url, manager="127.0.0.1:8080", times=(), more=()):
        """`times`: pairs of a key of a route and what it is everywhere. `more`: text for text."""
        shutil.copytree(REPO / "alerting", folder / "alerting", dirs_exist_ok=True)
        (folder / "slack_url").write_text(slack_url + "\n")
        path = folder / "alerting/alertmanager.yml"
        text = path.read_text().replace("/run/secrets/slack_url", str(folder / "slack_url")).replace("127.0.0.1:8080", manager)
        for key, value in times:
            text, count = re.subn(rf"\b{key}: \S+", f"{key}: {value}", text)
            expect(count > 0, f"alertmanager.yml has no {key}")
        for old, new in more:
            expect(old in text, f"alertmanager.yml has no {old!r}")
            text = text.replace(old, new)
        path.write_text(text)
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.log = folder / "alertmanager.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={path}", "--cluster.listen-address=",
                 f"--web.listen-address={self.address}", f"--storage.path={folder}/alertmanager"], stdout=log, stderr=log)
        wait_until("Alertmanager is ready", lambda: self.alive() and call(self.url + "/api/v2/status"))

    def alive(self):
        expect(self.process.poll() is None, "Alertmanager has ended:\n" + self.log.read_text())
        return True

    def post(self, alerts):
        call(self.url + "/api/v2/alerts", alerts)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
