# SPDX-License-Identifier: Apache-2.0
"""DHCP clients that are none of ours, each on a station with an interface of its own."""
import ipaddress
import os
import pathlib

from lab import Failure, expect, wait_until

SCRIPT = pathlib.Path(__file__).with_name("lease_script")


class Client:
    """Keeps a record of what its script was told: a list of blocks, each a dictionary."""
    good = ()

    def __init__(self, station):
        self.station, self.program = station, None
        self.record = station.lab.folder / f"{station.name}-lease"
        self.seen = 0

    def blocks(self):
        if not self.record.exists():
            return []
        return [dict(line.partition("=")[::2] for line in block.splitlines())
                for block in self.record.read_text().split("\n\n")[:-1]]  # what is behind the last is half written

    def next_block(self, reasons, seconds=15):
        """The next block for one of these reasons, after those that were asked for before."""
        def find():
            blocks = self.blocks()
            for number in range(self.seen, len(blocks)):
                if blocks[number]["reason"] in reasons:
                    self.seen = number + 1
                    return blocks[number]
            return None
        try:
            return wait_until(f"{self.station.name}: {' or '.join(reasons)}", seconds, find)
        except Failure as failure:
            log = self.program.tail() if self.program else ""
            raise Failure(f"{failure}; had {[b['reason'] for b in self.blocks()]}; its log:\n{log}") from None


class Udhcpc(Client):
    def start(self, *more):
        os.environ["LEASE_RECORD"] = str(self.record)
        self.program = self.station.start("udhcpc", "udhcpc", "-f", "-i", "eth0", "-s", SCRIPT, "-t", "5", "-T", "2", "-A", "1",
                                          "-O", "lease", *more)
        return self


class Dhclient(Client):
    def start(self, *more):
        folder = self.station.lab.folder
        config = folder / f"{self.station.name}.conf"
        config.write_text("timeout 20;\nretry 2;\ninitial-interval 1;\nbackoff-cutoff 2;\nselect-timeout 0;\n"
                          "request subnet-mask, broadcast-address, routers, domain-name-servers, host-name, ntp-servers;\n")
        leases = folder / f"{self.station.name}.leases"
        leases.touch()
        self.program = self.station.start("dhclient", "dhclient", "-4", "-d", "-v", "-sf", SCRIPT, "-cf", config, "-lf", leases,
                                          "-pf", folder / f"{self.station.name}.pid", "-e", f"LEASE_RECORD={self.record}",
                                          *more, "eth0")
        return self


def check_lease(block, *, address, subnet, server, seconds, name="", router=""):
    """The same words for both clients' blocks."""
    def value(*keys):
        return next((block[key] for key in keys if block.get(key)), "")
    network = ipaddress.ip_network(subnet)
    expect(value("ip", "new_ip_address") == address, f"got {block}, not {address}")
    expect(value("subnet", "new_subnet_mask") == str(network.netmask), f"mask: {block}")
    expect(value("broadcast", "new_broadcast_address") in ("", str(network.broadcast_address)), f"broadcast: {block}")
    expect(value("serverid", "new_dhcp_server_identifier") == server, f"server: {block}")
    expect(int(value("lease", "new_dhcp_lease_time")) == seconds, f"lease time: {block}")
    expect(value("router", "new_routers") == router, f"router: {block}")
    if name:
        expect(value("hostname", "new_host_name") == name, f"name: {block}")
