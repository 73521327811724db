# SPDX-License-Identifier: Apache-2.0
"""A site to break: a manager in a network of its own at the other end of a wire, with nodes, DHCP clients, people who
order and silence, a receiver of alerts and a switch. What they were promised is written down, to be compared with what the
manager knows after it was killed."""
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

from install_client import DIALECTS, Failure, Manager, Node, check_invariants, expect, wait_until

HOST, RELAY = "10.78.0.1", "10.78.0.2"
EXIT_SKIPPED = 77
PAGE = pathlib.Path(__file__).resolve().parents[1] / "testdata/pages/node_exporter.txt"
MOST_OFF = 2


def enter_namespaces():
    """Runs this program again in a network and with mounts of its own, or ends it as skipped."""
    if os.environ.get("PIMAN_FAULTS_INSIDE"):
        return
    words = ["unshare", "--net", "--mount", "--propagation", "private", "--"]
    if os.geteuid() or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        print("skipped: needs root, and namespaces for networks and mounts")
        sys.exit(EXIT_SKIPPED)
    os.environ["PIMAN_FAULTS_INSIDE"] = "1"
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


def call(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=30, check=False)
    expect(done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Wire:
    """The nodes' end is this process's network: all of 10.78.2.0/23 are addresses of it."""

    def __enter__(self):
        call("ip", "link", "set", "lo", "up")
        self.holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"])
        ours = os.readlink("/proc/self/ns/net")
        wait_until("a second network", lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != ours)
        self.inside = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--"]
        call("ip", "link", "add", "wire1", "type", "veth", "peer", "name", "wire0", "netns", self.holder.pid)
        call("ip", "addr", "add", f"{RELAY}/16", "dev", "wire1")
        call("ip", "link", "set", "wire1", "up")
        call("ip", "route", "add", "local", "10.78.2.0/23", "dev", "lo")
        self.at_manager("ip", "link", "set", "lo", "up")
        self.at_manager("ip", "addr", "add", f"{HOST}/16", "dev", "wire0")
        self.at_manager("ip", "link", "set", "wire0", "up")
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()

    def at_manager(self, *command):
        return call(*self.inside, *command)


class DhcpClients:
    """Clients behind a relay. Whoever was promised an address must be promised it again, and nobody else."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((RELAY, 67))
        self.socket.settimeout(0.3)
        self.promised, self.owner, self.lock = {}, {}, threading.Lock()
        self.numbers, self.newcomers = random.Random(11), 0

    def close(self):
        self.socket.close()

    def ask(self, kind, mac, options=b"", seconds=0.3, host=HOST):
        """The type of the answer and the address in it; nothing when there is none."""
        xid = self.numbers.randrange(1 << 32)
        packet = struct.pack("!BBBBIHH4s4s4s4s16s192x", 1, 1, 6, 1, xid, 0, 0, b"\0" * 4, b"\0" * 4, b"\0" * 4,
                             socket.inet_aton(RELAY), bytes.fromhex(mac.replace(":", "")))
        packet += b"\x63\x82\x53\x63" + bytes([53, 1, kind]) + options + b"\xff"
        try:
            self.socket.sendto(packet, (host, 67))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                answer = self.socket.recv(2000)
                if struct.unpack_from("!I", answer, 4)[0] == xid:
                    return re.search(rb"\x63\x82\x53\x63.*?\x35\x01(.)", answer, re.S)[1][0], socket.inet_ntoa(answer[16:20])
        except OSError:
            time.sleep(0.02)
        return None, None

    def lease(self, mac, seconds=0.3, host=HOST):
        """The address that was promised, or None."""
        kind, address = self.ask(1, mac, seconds=seconds, host=host)
        if kind != 2:
            return None
        options = b"\x32\x04" + socket.inet_aton(address) + b"\x36\x04" + socket.inet_aton(host)
        kind, address = self.ask(3, mac, options, seconds, host)
        if kind != 5:
            return None
        with self.lock:
            expect(self.promised.get(mac, address) == address, f"{mac} had {self.promised.get(mac)} and is now given {address}")
            expect(self.owner.get(address, mac) == mac, f"{address} of {self.owner.get(address)} is given to {mac}")
            self.promised[mac], self.owner[address] = address, mac
        return address

    def lease_for_newcomer(self, seconds=1.0, host=HOST):
        self.newcomers += 1
        return self.lease(f"02:01:00:00:{self.newcomers >> 8:02x}:{self.newcomers & 255:02x}", seconds, host)

    def snapshot(self):
        with self.lock:
            return dict(self.promised)

    def forget(self):
        with self.lock:
            self.promised, self.owner = {}, {}

    def expect_promises(self, promised, words=""):
        for mac, address in promised.items():
            expect(self.lease(mac, 1) == address, f"{words}{mac} had {address}")


class Receiver:
    """Takes alerts as a webhook does."""

    def __init__(self):
        self.posts = posts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                posts.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((RELAY, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{RELAY}:{self.server.server_port}/alerts"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def told(self, *words):
        return sum(all(word in post for word in words) for post in list(self.posts))


def make_site(program, wire, nodes, switched=(), receiver=None, **sections):
    """A manager with everything on, whose state is in `state` of its folder."""
    site = Manager(program, list(nodes) + list(switched), host=HOST, inside=wire.inside)
    folder = site.folder
    watch = "{enabled: true, gather: 0s, pause: 0s, agent_down_for: 300ms, node_down_for: 300ms, resolve_after: 300ms}"
    if receiver:
        (folder / "webhook").write_text(receiver.url + "\n")
        (folder / "webhook").chmod(0o600)
        watch = watch[:-1] + ", webhook_url_file: webhook}"
    words = {
        "web": f'{{listen_address: "{HOST}:{site.web}", changes_from: everywhere}}',
        "watch": watch,
        "store": "{folder: state, journal_delay: 200ms, journal_entries: 200000}",
        "scrape": "{interval: 1s, timeout: 500ms, max_backoff: 1s}",
        "netboot": "{enabled: true, interfaces: wire0, console_port: 0, root: boot}",
        "dhcp": '{mode: server, subnets: 10.78.0.0/16, pools: 10.78.8.1-10.78.9.250, unknown_hosts: pool, lease_time: 12h}',
        **sections}
    lines = [line for line in site.config.read_text().splitlines() if line.split(":")[0] not in words]
    lines += [f"{name}: {value}" for name, value in words.items()]
    if switched:
        script = folder / "switch"
        script.write_text(f'#!/bin/sh\n[ -e {folder}/dead ] && {{ echo "no answer" >&2; exit 1; }}\necho "$3 $1" >>{folder}/power.log\n')
        script.chmod(0o755)
        ports = ", ".join(f"{node.name}: {i + 1}" for i, node in enumerate(switched))
        lines += ["power:", "  armed: true", "  off_time: 1s", "  cooldown: 1s", f"  most_off: {MOST_OFF}", "  switches:",
                  "    - name: rack1", "      kind: command", f"      command: {script}", f"      ports: {{{ports}}}"]
    site.config.write_text("\n".join(lines) + "\n")
    return site


def power_words(site):
    """What the switch was told, in order: ("off", "pi7")."""
    log = site.folder / "power.log"
    return [tuple(line.split()) for line in log.read_text().splitlines()] if log.exists() else []


def check_power(site, ordered):
    off = set()
    for word, node in power_words(site):
        expect(node in ordered, f"{node} is switched {word}, and nobody ordered it")
        off.discard(node)
        if word == "off":
            off.add(node)
        expect(len(off) <= MOST_OFF, f"{sorted(off)} are off at the same moment")
    return off


class Load:
    """Everybody who wants something of the manager, each in a thread, for as long as the `with` block lasts. They bear
    with a manager that is gone."""

    def __init__(self, site, nodes, clients, seed=1, switched=()):
        self.site, self.nodes, self.switched, self.clients = site, nodes, list(switched), clients
        self.random = random.Random(seed)
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.actions, self.silences, self.events = {}, set(), {}
        self.ordered, self.failures, self.threads = set(), [], []
        self.installs = 0

    def __enter__(self):
        for node in self.switched:
            node.be_well()
        works = [self.want_leases, self.order_installs, self.silence, self.follow] + [self.order_power] * bool(self.switched)
        for work in works + [lambda node=node: self.live(node) for node in self.nodes]:
            self.threads.append(threading.Thread(target=self.run, args=(work,), daemon=True))
            self.threads[-1].start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for node in self.nodes:
            node.hang_up_now()
        for thread in self.threads:
            thread.join(15)

    def run(self, work):
        while not self.stopping.is_set():
            try:
                work()
            except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):  # the manager is gone, or was while it answered
                time.sleep(0.05)
            except Failure as failure:
                if "had" in str(failure) or "is given to" in str(failure):
                    self.failures.append(str(failure))
                time.sleep(0.05)

    def pause(self, longest):
        self.stopping.wait(self.random.uniform(0, longest))

    def want_leases(self):
        number = self.random.randrange(400)
        self.clients.lease(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")
        self.pause(0.01)

    def order_installs(self):
        node = self.random.choice(self.nodes)
        number = self.site.order([node])
        with self.lock:
            self.actions[number] = {node.name}
        self.pause(0.3)

    def order_power(self):
        node = self.random.choice(self.switched)
        with self.lock:
            self.ordered.add(node.name)  # before it is asked for: the answer may be lost, and the order not
        number = self.site.order([node], action="restart")
        with self.lock:
            self.actions[number] = {node.name}
        self.pause(1.5)

    def silence(self):
        made = self.site.post("/api/v1/silences", {"nodes": [self.random.choice(self.nodes).name], "seconds": 36000, "by": "test"})
        with self.lock:
            self.silences.add(made["silences"][0]["id"])
        self.pause(0.8)

    def follow(self):
        with self.lock:
            since = max(self.events, default=0)
        asked = time.monotonic()
        page = self.site.get(f"/api/v1/events?since={since}&limit=1000", good=False)
        now = time.monotonic()
        for event in (page or {}).get("events", []):
            with self.lock:
                self.events[event["id"]] = (event, asked, now)
        time.sleep(0.05)

    def live(self, node):
        """A node that starts again and again, installs when it is told to, and is well."""
        node.hello()
        if node.told() in ("install", "format"):
            node.install()
            self.installs += 1
        else:
            node.hang_up()
            node.be_well()
            self.pause(0.2)

    def promises(self):
        """What must be known after a kill at this moment."""
        now = time.monotonic()
        with self.lock:
            # What is told may be late on the disk: by store.journal_delay and a transaction.
            events = {number: event for number, (event, _, seen) in self.events.items() if seen < now - 1.5}
            return {"leases": self.clients.snapshot(), "actions": dict(self.actions), "silences": set(self.silences), "events": events}

    def check(self, promises, wholly):
        """Compares. `wholly`: every event of old, too."""
        expect(not self.failures, "; ".join(self.failures[:5]))
        known = {lease["mac"]: lease["address"] for lease in self.site.get("/api/v1/leases")["leases"]}
        lost = {mac: address for mac, address in promises["leases"].items() if known.get(mac) != address}
        expect(not lost, f"{len(lost)} leases are lost: {dict(list(lost.items())[:3])}")
        silences = {one["id"] for one in self.site.get("/api/v1/silences")["silences"]}
        expect(promises["silences"] <= silences, f"silences are lost: {promises['silences'] - silences}")
        numbers = list(promises["actions"])[-200 if wholly else -5 :]  # the server shows the last 256
        for number in numbers:
            action = self.site.get(f"/api/v1/actions/{number}")
            expect({one["name"] for one in action["nodes"]} == promises["actions"][number], f"action {number} is another one")
        since = 0 if wholly else max(0, max(promises["events"], default=0) - 300)
        journal = {event["id"]: event for event in self.journal(since)}
        for number, event in promises["events"].items():
            if number > since:
                expect(journal.get(number) == event, f"event {number} was {event}, and is {journal.get(number)}")
        with self.lock:
            new = [event for number, (event, _, _) in self.events.items() if number in journal]
            # What the last run told of and had no time to write is lost, and was promised by nobody.
            for number, (_, asked, _) in list(self.events.items()):
                if asked < self.site.started and number > since and number not in journal and number not in promises["events"]:
                    del self.events[number]
        expect(all(journal[event["id"]] == event for event in new), "an id was given to two events")
        for attempt in range(4):  # nodes go on meanwhile: what was asked first is older than what they know
            try:
                if wholly or attempt:
                    check_invariants(self.site, self.nodes)
                check_power(self.site, self.ordered)
                break
            except Failure:
                if attempt == 3:
                    raise
                time.sleep(0.3)
        expect(not list((self.site.folder / "state").glob("*.corrupt-*")), "the database was damaged")

    def journal(self, since):
        found = []
        while True:
            page = self.site.get(f"/api/v1/events?since={since}&limit=1000")
            found += page["events"]
            if page["next"] >= page["last"]:
                return found
            since = page["next"]


def make_nodes(first, count, dialects=DIALECTS):
    return [Node(first + i, dialects[i % len(dialects)], "10.78.2") for i in range(count)]


def metric(site, name):
    """The value of a series of the manager's own page."""
    with urllib.request.urlopen(f"http://{site.host}:{site.web}/metrics", timeout=10) as answer:
        found = re.search(rf"^{re.escape(name)} (\S+)$", answer.read().decode(), re.M)
    expect(found, f"the page has no {name}")
    return float(found[1])


def state_of(site):
    return site.folder / "state"


def up_count(site):
    return sum(node["phase"] == "up" for node in site.get("/api/v1/nodes")["nodes"])


class Agents:
    """A good agent for each of the nodes, in one process."""

    def __init__(self, plan, nodes, port):
        plan.write_text(json.dumps({"page": str(PAGE), "port": port, "agents": {node.address: "serve_well" for node in nodes}}))
        self.plan, self.process = plan, None

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, pathlib.Path(__file__).with_name("fake_agents.py"), self.plan],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        expect(self.process.stdout.readline() == b"ready\n", "the agents do not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024
