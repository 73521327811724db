# SPDX-License-Identifier: Apache-2.0
"""A manager with nodes on loopback, and an installer for each node that does what the test says: in the words of both
initramfs of the seed, with their traces and echoes, or in piman's own. Cards are simulated."""
import contextlib
import hashlib
import http.client
import http.server
import io
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

DIALECTS = ("source", "committed", "piman")
# What the seed's two initramfs say when; piman's own says CAPABILITIES and DISK.
WORDS = {
    "source": ("+ echo Hello World\nHello World\nMAKING NODES\nmknod: /dev/mmcblk0: File exists\nMADE NODES\n"
               "CHECKING IF INSTALLED\n+ send {0}\n+ echo {0}\n{0}\n",
               "busybox date -s 202611241358.08\nRECEIVED_DATE\nSET_DATE\n",
               "format\nRECEIVED_FORMAT\nFORMATTING\n>>> Script header accepted.\nFINISHED FORMATTING\n",
               "MOUNTING\nFINISHED_MOUNTING\n+ send IS_FORMATTED\nIS_FORMATTED\n"),
    "committed": ("Hello World\nMAKING NODES\nMADE NODES\nCHECKING IF INSTALLED\n{0}\n",
                  "busybox date -s 202611241358.08\nRECEIVED DATE\n",
                  "format\nFORMATTING\nmke2fs 1.43\nFINISHED FORMATTING\n",
                  "MOUNTING\nFINISHED MOUNTING\nIS_FORMATTED\n"),
    "piman": ("Hello World\nCAPABILITIES 1 http sha256\nDISK path=/dev/vda size_bytes=8000000000\n{0}\n", "SET_DATE\n",
              "PROGRESS format 0 0\nPROGRESS format 100 0\n", "PROGRESS write 0 0\nVERIFIED {1}\nIS_FORMATTED\n"),
}


class Failure(Exception):
    """What was expected and did not come."""


def expect(condition, words):
    if not condition:
        raise Failure(words)


def wait_until(what, probe, seconds=15):
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        expect(time.monotonic() < end, f"{what}: not within {seconds} s")
        time.sleep(0.03)


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def make_image(path, seed, megabytes):
    """A root file system that the store takes, of bytes that nothing makes smaller."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name in ("dev", "etc", "proc", "sys", "sbin"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name, data in (("sbin/init", b"#!/bin/sh\n"), ("big", random.Random(seed).randbytes(megabytes * 1_000_000))):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))


class Manager:
    """`piman server` in a folder of its own. Started, killed and started again."""

    def __init__(self, program, nodes, install="", power="", parallel=64,
                 scrape="interval: 1s, timeout: 300ms, max_backoff: 1s", host="127.0.0.1", inside=(), sections=None):
        """At `host`, started by the words `inside` where it runs in another network; `sections` of the configuration
        instead of those here."""
        self.program, self.nodes, self.host, self.inside = program, nodes, host, list(inside)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="piman-faults-"))
        self.web, self.http, self.hello, self.image, self.agents = free_ports(5)
        self.process = None
        (self.folder / "boot").mkdir()
        (self.folder / "hosts").write_text("".join(f"{node.mac};{node.address};{node.name};0\n" for node in nodes))
        self.config = self.folder / "piman.yml"
        wanted = {
            "web": f'{{listen_address: "{host}:{self.web}"}}',
            "inventory": "{hosts_file: hosts}",
            "store": "{folder: state}",
            "watch": "{enabled: false}",
            "agents": f"{{port: {self.agents}}}",
            "scrape": f"{{{scrape}}}",
            "netboot": "{enabled: true, interfaces: lo, console_port: 0, root: boot}",
            "dhcp": "{mode: off, subnets: 127.0.0.0/8}",
            "tftp": "{enabled: false}",
            "http_boot": f'{{listen_address: "{host}:{self.http}"}}',
            "install": f"{{hello_port: {self.hello}, image_port: {self.image}, images: images, "
                       f"max_parallel: {parallel}, max_parallel_per_switch: {parallel}{install}}}",
            **(sections or {})}
        self.config.write_text("".join(f"{name}: {value}\n" for name, value in wanted.items()) + power)
        for node in nodes:
            node.manager = self

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind and (self.folder / "log").exists():
            lines = (self.folder / "log").read_text(errors="replace").splitlines()
            print("\n".join([line for line in lines if "node changed" not in line][-25:]))
        self.kill()
        for node in self.nodes:
            node.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *arguments):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=True,
                              cwd=self.folder).stdout

    def add_image(self, path, version, *more):
        self.run("image", "add", path, "--name=root", f"--version={version}", f"--images={self.folder}/images", *more)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def stored(self, sha256):
        """The image's file in the store."""
        (found,) = [path for path in (self.folder / "images").rglob("*") if path.is_file() and sha256 in path.name]
        return found

    def start(self):
        self.started = time.monotonic()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([*self.inside, self.program, "server", f"--config.file={self.config}"], cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def answers():
            expect(self.process.poll() is None, f"the manager ended with {self.process.poll()}")
            return self.get("/api/v1/events?limit=1", good=False)
        wait_until("the manager answers", answers, 30)

    def kill(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)

    def get(self, path, good=True):
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.web}{path}", timeout=10) as answer:
                return json.load(answer)["data"]
        except (urllib.error.URLError, OSError) as error:
            expect(not good, f"{path}: {error}")
            return None

    def post(self, path, body):
        token = (self.folder / "state/api.token").read_text().strip()
        request = urllib.request.Request(f"http://{self.host}:{self.web}{path}", json.dumps(body).encode(), method="POST",
                                         headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Failure(f"{path} {body}: {error.code} {error.read()[:300]}") from None

    def order(self, nodes, action="reinstall", **more):
        if action == "reinstall":
            more.setdefault("image", "root@1")
        return self.post("/api/v1/actions", {"action": action, "nodes": [node.name for node in nodes], "by": "test",
                                             "why": "faults", **more})["id"]

    def events(self, **fields):
        """All events of the journal with these fields, at the top or in their data."""
        found, since = [], 0
        while True:
            page = self.get(f"/api/v1/events?since={since}&limit=1000")
            found += page["events"]
            if page["next"] >= page["last"]:
                break
            since = page["next"]
        return [event for event in found
                if all({**event, **(event["data"] or {})}.get(key) == value for key, value in fields.items())]

    def rows(self, query, *values):
        """Of the database, while nobody writes to it."""
        database = sqlite3.connect(self.folder / "state/piman.db")
        try:
            with database:
                return database.execute(query, values).fetchall()
        finally:
            database.close()


class Agent(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_page = self.path.startswith("/metrics")
        body = b"node_boot_time_seconds 1\n" if is_page else b'{"time": 1, "cpu_percent": 1, "memory_percent": 1}'
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4" if is_page else "application/json")
        self.send_header("Content-Length", str(len(body)))
        with contextlib.suppress(ConnectionError):  # who asked was killed
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Node:
    """A Pi with a card: `card` is the sha256 of what is on it, "half" of something, or None."""

    def __init__(self, number, dialect, network="127.0.78"):
        self.name, self.address, self.dialect = f"pi{number}", f"{network}.{number}", dialect
        self.mac = f"b8:27:eb:00:00:{number:02x}"
        self.manager = self.socket = self.stream = self.agent = None
        self.card, self.formats, self.heard, self.offer, self.taken = None, 0, b"", {}, b""

    # The connection.
    def connect(self):
        self.hang_up()
        self.heard = b""

        def connected():
            self.socket = socket.create_connection((self.manager.host, self.manager.hello), 10, (self.address, 0))
            try:
                return self.message()
            except (Failure, OSError):  # again too soon after the last one
                self.hang_up()
        date = wait_until(f"{self.name}: a connection", connected)
        expect(date.startswith("busybox date -s "), f"{self.name}: the date comes first, not {date!r}")

    def hang_up(self):
        for each in (self.socket, self.stream):
            if each:
                each.close()
        self.socket = self.stream = None

    def hang_up_now(self):
        """From another thread: a read that waits comes back at once."""
        for each in (self.socket, self.stream):
            if each:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def say(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def message(self, seconds=10):
        """The next one, without its EOM. "" when the manager has closed."""
        end = time.monotonic() + seconds
        while b"EOM\n" not in self.heard:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                got = self.socket.recv(4096)
            except TimeoutError:
                raise Failure(f"{self.name}: no message within {seconds} s") from None
            except ConnectionError:
                got = b""
            if not got:
                return ""
            self.heard += got
        text, _, self.heard = self.heard.partition(b"EOM\n")
        text = text.decode()
        if text.startswith(("format", "install")):
            self.formats += 1
        return text

    def is_told_nothing(self, seconds=0.0):
        """Beside that it is to wait."""
        try:
            told = self.message(seconds)
        except Failure:
            return True
        return told.startswith("wait ") and self.is_told_nothing(seconds)

    # What an installer does.
    def says(self):
        """A half-written card may well mount: the seed does not see it. Piman's installer does."""
        has_system = self.card is not None and (self.card != "half" or self.dialect != "piman")
        return "IS_INSTALLED" if has_system else "IS_UNINSTALLED"

    def hello(self, state=None):
        self.connect()
        self.say(WORDS[self.dialect][0].format(state or self.says()) + WORDS[self.dialect][1])

    def told(self):
        """The first word of the next message that is no "wait"."""
        text = self.message()
        while text.startswith("wait "):
            text = self.message()
        self.offer = dict(line.split(" ", 1) for line in text.splitlines()[1:])
        return text.split("\n", 1)[0]

    def expect_order(self):
        told = self.told()
        expect(told == ("install" if self.dialect == "piman" else "format"), f"{self.name} is told {told!r}")

    def format(self):
        self.card, self.taken = "half", b""
        self.say(WORDS[self.dialect][2])

    def get(self, headers=None, url=None):
        """(status, headers, the answer to read from) of the image."""
        parts = urllib.parse.urlsplit(url or self.offer["url"])
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10, source_address=(self.address, 0))
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers or {})
        return connection, connection.getresponse()

    def status(self, url):
        connection, answer = self.get(url=url)
        connection.close()
        return answer.status

    def open_stream(self):
        self.stream = socket.create_connection((self.manager.host, self.manager.image), 10, (self.address, 0))
        self.taken = b""

    def take(self, most=None):
        """So many bytes of the image more, or all that come."""
        if self.dialect == "piman":
            connection, answer = self.get({"Range": f"bytes={len(self.taken)}-"} if self.taken else {})
            expect(answer.status == (206 if self.taken else 200), f"{self.name}: the image: {answer.status}")
            self.taken += answer.read(most)
            connection.close()
            return
        if self.stream is None:
            self.open_stream()
        wanted = None if most is None else len(self.taken) + most
        parts = [self.taken]
        size = len(self.taken)
        while wanted is None or size < wanted:
            got = self.stream.recv(65536 if wanted is None else min(65536, wanted - size))
            if not got:
                break
            parts.append(got)
            size += len(got)
        self.taken = b"".join(parts)

    def write(self):
        """All of the image is on the card."""
        if self.dialect != "piman" or len(self.taken) < int(self.offer["size_bytes"]):
            self.take()
        if self.stream:
            self.stream.close()
            self.stream = None
        self.card = hashlib.sha256(self.taken).hexdigest()

    def say_formatted(self):
        self.say(WORDS[self.dialect][3].format("", self.card))

    def install(self):
        """From the order on to the manager's word that it is on record."""
        self.format()
        self.write()
        self.say_formatted()
        expect(self.message() == "", f"{self.name}: it is told something after IS_FORMATTED")
        self.hang_up()

    def boot(self, is_well=True):
        """Says that it has a system, and starts it."""
        self.hello()
        told = self.told()
        expect(told == "boot", f"{self.name} is told {told!r}, not boot")
        self.hang_up()
        if is_well:
            self.be_well()

    def be_well(self):
        if self.agent is None:
            self.agent = http.server.ThreadingHTTPServer((self.address, self.manager.agents), Agent)
            self.agent.daemon_threads = True
            threading.Thread(target=self.agent.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.hang_up()
        self.stop_agent()

    def stop_agent(self):
        if self.agent:
            self.agent.shutdown()
            self.agent.server_close()
            self.agent = None

    # What the manager has on record of it.
    def record(self):
        return self.manager.get(f"/api/v1/nodes/{self.name}/installs")

    def card_state(self):
        card = self.record()["card"]
        return card["state"] if card else "never"

    def last_install(self):
        installs = self.record()["installs"]
        return installs[0] if installs else {}

    def wait_for_end(self, result):
        """Of its last install, which the journal must tell of in the same words."""
        def ended():
            install = self.last_install()
            return install if install.get("ended") else None
        install = wait_until(f"{self.name}: its install ends", ended)
        expect(install["result"] == result, f"{self.name}: {install['result']}, not {result}: {install}")
        (event,) = self.manager.events(kind="install", node=self.name, step="ended", install=str(install["id"]))
        expect(event["data"]["result"] == result and event["data"].get("who"), f"the journal says {event}")
        expect(event["data"].get("reason", "") == (install["reason"] or ""), f"the journal says {event}, not {install}")
        return install


def check_invariants(manager, nodes, journal=None):
    """What must be true at any moment, whatever happened before."""
    journal = manager.events() if journal is None else journal
    given = {event["data"]["order"]: event for event in journal
             if event["kind"] == "order" and event["data"]["step"] == "given"}
    begun = [event for event in journal if event["kind"] == "install" and event["data"]["step"] == "begun"]
    for event in begun:
        intent = given.get(event["data"]["order"])
        expect(intent and intent["id"] < event["id"] and intent["node"] == event["node"],
               f"an install without an intent before it: {event}")
        for key in ("who", "why", "image", "sha256", "action"):
            expect(intent["data"].get(key) and event["data"].get(key), f"no {key} in {intent} or {event}")
    for node in nodes:
        record = node.record()
        expect(sum(event["node"] == node.name for event in begun) >= node.formats,
               f"{node.name} was told to format {node.formats} times: {record['installs']}")
        if record["card"]["state"] == "installed":
            expect(node.card not in (None, "half"), f"{node.name} counts as installed, and its card is {node.card}")
            last = next((one for one in record["installs"] if one["result"] == "installed"), None)
            expect(not last or last["sha256"] == node.card, f"{node.name} has another image than {last}")
