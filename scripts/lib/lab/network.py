# SPDX-License-Identifier: Apache-2.0
"""The wires of a lab: a namespace with a bridge that is the switch, one namespace for each virtual Pi, and one cable from
the switch into this machine's own namespace, on which the manager listens. All names come from the run directory, so that
whatever a lab that was killed has left can be found and removed: `network.py remove RUN_DIR`."""
import array
import contextlib
import fcntl
import hashlib
import ipaddress
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

PREFIX = "piman-lab-"
MOST_PIS = 99
MANAGER_NUMBER, SWITCH_NUMBER = 253, 254  # the last part of their addresses; a Pi's is its number
UPLINK = "uplink"
SECONDS = 20


class NetworkError(Exception):
    """A tool that failed, with its words."""


def call(*command, good=True):
    """The output of a tool that must succeed, or None where it need not."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        if good:
            raise NetworkError(f"{' '.join(words)}: {error}") from None
        return None
    if done.returncode:
        if good:
            raise NetworkError(f"{' '.join(words)}: {done.stderr.strip() or f'exit {done.returncode}'}")
        return None
    return done.stdout


class Names:
    """What the things of the lab in this run directory are called."""

    def __init__(self, run_dir):
        self.run_dir = pathlib.Path(run_dir).resolve()
        self.digest = hashlib.sha256(str(self.run_dir).encode()).digest()
        self.key = self.digest.hex()[:6]
        self.switch = f"{PREFIX}{self.key}-switch"
        self.interface = f"plab-{self.key}"  # in this machine's namespace; names have at most 15 characters

    def pi(self, number):
        return f"{PREFIX}{self.key}-pi{number}"

    @property
    def cards(self):
        return self.run_dir / "lab" / "cards"


def used_networks():
    """Those that this machine has routes to."""
    found = []
    for route in json.loads(call("ip", "-j", "-4", "route", "show", "table", "all")):
        with contextlib.suppress(ValueError):  # "default"
            found.append(ipaddress.ip_network(route["dst"], strict=False))
    return found


def choose_subnet(names, used):
    """A /24 out of 10.0.0.0/8 that this machine does not use, the same one each time if it can be."""
    start = int.from_bytes(names.digest[:2], "big")
    for step in range(1 << 16):
        number = (start + step * 257) % (1 << 16)
        subnet = ipaddress.ip_network((0x0A000000 | number << 8, 24))
        if number >> 8 and not any(subnet.overlaps(other) for other in used):
            return subnet
    raise NetworkError("no network in 10.0.0.0/8 is free here")


def leave_no_checksums(interface):
    """Otherwise the kernel leaves UDP checksums to a network card that is not there, and who reads frames sees wrong ones."""
    ethtool_set_tx_checksums, siocethtool = 0x17, 0x8946
    value = array.array("B", struct.pack("II", ethtool_set_tx_checksums, 0))
    request = struct.pack("16sP", interface.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocethtool, request.ljust(40, b"\0"))


class Network:
    """The topology of `count` Pis. make() and remove() are a pair; remove() needs no make()."""

    def __init__(self, names, count, subnet):
        self.names, self.count, self.subnet = names, count, subnet

    def address(self, number):
        return str(self.subnet.network_address + number)

    def _ip_switch(self, *words):
        call("ip", "-n", self.names.switch, *words)

    def make(self, macs, emulated=False):
        """`macs` of the Pis, the first one's first. Emulated machines get a tap each instead of a namespace."""
        names = self.names
        call("ip", "netns", "add", names.switch)
        call("ip", "netns", "exec", names.switch, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6", good=False)
        self._ip_switch("link", "set", "lo", "up")
        self._ip_switch("link", "add", "lan", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self._ip_switch("link", "set", "lan", "up")
        self._ip_switch("addr", "add", f"{self.address(SWITCH_NUMBER)}/24", "dev", "lan")
        for number, mac in enumerate(macs, 1):
            pi = names.pi(number)
            if emulated:
                self._ip_switch("tuntap", "add", f"p{number}", "mode", "tap")
                self._ip_switch("link", "set", f"p{number}", "master", "lan")
                continue
            call("ip", "netns", "add", pi)
            call("ip", "netns", "exec", pi, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6", good=False)
            call("ip", "-n", pi, "link", "set", "lo", "up")
            call("ip", "-n", pi, "link", "add", "eth0", "address", mac, "type", "veth", "peer", "name", f"p{number}",
                 "netns", names.switch)
            self._ip_switch("link", "set", f"p{number}", "master", "lan")
        call("ip", "link", "add", names.interface, "type", "veth", "peer", "name", UPLINK, "netns", names.switch)
        call("ip", "link", "set", names.interface, "addrgenmode", "none")
        leave_no_checksums(names.interface)
        call("ip", "addr", "add", f"{self.address(MANAGER_NUMBER)}/24", "dev", names.interface)
        self._ip_switch("link", "set", UPLINK, "master", "lan", "up")
        call("ip", "link", "set", names.interface, "up")

    def set_port(self, number, up):
        """The link of a Pi's port. What the switch has learnt there is forgotten when it goes down."""
        self._ip_switch("link", "set", f"p{number}", "up" if up else "down")

    def learned(self):
        """[(hardware address, port)] as the bridge has learnt them; the uplink is the port after the last Pi's."""
        ports = {f"p{number}": number for number in range(1, self.count + 1)} | {UPLINK: self.count + 1}
        rows = json.loads(call("bridge", "-n", self.names.switch, "-j", "fdb", "show", "br", "lan"))
        return [(row["mac"], ports[row["ifname"]]) for row in rows
                if row.get("state") != "permanent" and row.get("ifname") in ports and row.get("master") == "lan"]


def end_all_in(namespace):
    """Kills what is in a namespace of ours, by pid, and waits until it is gone."""
    for _ in range(200):
        pids = [int(word) for word in (call("ip", "netns", "pids", namespace, good=False) or "").split()]
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def detach_cards(names, seconds=5):
    """Loop devices over this lab's cards. They go when the last mount has gone, a moment after its processes."""
    deadline = time.monotonic() + seconds
    while True:
        listed = json.loads(call("losetup", "--json", "--list", "--output", "NAME,BACK-FILE", good=False) or "{}")
        ours = [row["name"] for row in listed.get("loopdevices", [])
                if row["back-file"] and row["back-file"].startswith(f"{names.cards}/")]
        if not ours or time.monotonic() > deadline:
            return ours
        for name in ours:
            call("losetup", "--detach", name, good=False)
        time.sleep(0.05)


def remove(names):
    """Everything of this lab that is not a file. Returns words for what can't be removed."""
    prefix = f"{PREFIX}{names.key}-"
    namespaces = [line.split()[0] for line in (call("ip", "netns", "list", good=False) or "").splitlines() if line.strip()]
    ours = [name for name in namespaces if name.startswith(prefix)]
    for name in ours:
        end_all_in(name)
    if pathlib.Path("/sys/class/net", names.interface).exists():
        call("ip", "link", "del", names.interface, good=False)
    for name in ours:
        call("ip", "netns", "del", name, good=False)
    left = detach_cards(names)
    return f"still in use: {' '.join(left)}" if left else ""


def main():
    if len(sys.argv) != 3 or sys.argv[1] != "remove":
        sys.exit("usage: network.py remove RUN_DIR")
    words = remove(Names(sys.argv[2]))
    if words:
        sys.exit(f"error: {words}")


if __name__ == "__main__":
    main()
