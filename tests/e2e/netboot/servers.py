# SPDX-License-Identifier: Apache-2.0
"""The servers under test, started by the same description of a site: `piman server`, and Debian's dnsmasq, which is not
ours and shows that the laboratory itself is right."""
import dataclasses
import ipaddress
import os
import pathlib
import shutil

from lab import REPO, Failure, expect, wait_until

DHCP_PORT, TFTP_PORT, PROXY_PORT = 67, 69, 4011


@dataclasses.dataclass
class Host:
    mac: str
    address: str
    name: str
    group: str = ""
    image: str = ""


@dataclasses.dataclass
class Site:
    """What a server is to do. Boot files are in `boot`, as piman keeps them: images/, groups/, nodes/."""
    address: str  # the server's own
    boot: pathlib.Path
    subnets: tuple = ("10.77.0.0/16",)  # the first one is the server's
    pools: tuple = ()  # ("first-last", ...), each in its subnet
    routers: tuple = ()
    hosts: tuple = ()
    mode: str = "authoritative"  # or "proxy"; of dnsmasq also "plain": nothing to boot from
    unknown: str = "pool"
    lease_seconds: int = 3600
    interfaces: tuple = ("eth0",)
    http_address: str = ""  # where boot files are served over HTTP, too


def build_folder():
    """Where the programs under test are."""
    return pathlib.Path(os.environ.get("PIMAN_TEST_BIN") or REPO / "build" / "dev" / "bin")


def piman_program():
    return str(build_folder() / "piman")


class Server:
    """Runs in a station, on its eth0. start() returns when its ports are open."""

    def __init__(self, station, site, folder=None):
        self.station, self.site, self.program = station, site, None
        self.folder = folder or station.lab.folder / f"{station.name}-{self.name}"
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.configure()

    def start(self):
        self.program = self.station.start(self.name, *self.command())
        wanted = {TFTP_PORT, PROXY_PORT if self.site.mode == "proxy" else DHCP_PORT}
        wait_until(f"{self.name} opens ports {sorted(wanted)}", 15,
                   lambda: not self.program.running() or wanted <= self.open_ports())
        if not self.program.running():
            raise Failure(f"{self.name} ended with {self.program.process.returncode}:\n{self.program.tail()}")
        return self

    def open_ports(self):
        """Of UDP, in its namespace."""
        try:
            lines = pathlib.Path(f"/proc/{self.program.pid}/net/udp").read_text().splitlines()[1:]
        except OSError:
            return set()
        return {int(line.split()[1].rpartition(":")[2], 16) for line in lines}

    def stop(self):
        expect(self.program.running(), f"{self.name} has ended by itself:\n{self.program.tail()}")
        self.program.stop()

    def check_alive(self):
        expect(self.program.running(), f"{self.name} has ended with {self.program.process.returncode}:\n"
               f"{self.program.tail()}")


class Piman(Server):
    name = "piman"

    def configure(self):
        site = self.site
        (self.folder / "hosts.csv").write_text("".join(f"{h.mac};{h.address};{h.name};\n" for h in site.hosts))
        rows = [f"{h.name};{h.group};{h.image}\n" for h in site.hosts if h.group or h.image]
        (site.boot / "assignments.csv").write_text("".join(rows))
        (self.folder / "piman.yml").write_text(f"""site: e2e
store:
  folder: state
netboot:
  enabled: true
  interfaces: {", ".join(site.interfaces)}
  root: {site.boot}
dhcp:
  mode: {site.mode}
  subnets: {", ".join(site.subnets)}
  pools: {", ".join(site.pools) or '""'}
  routers: {", ".join(site.routers) or '""'}
  lease_time: {site.lease_seconds}s
  unknown_hosts: {site.unknown}
http_boot:
  listen_address: {site.http_address or '""'}
log:
  level: debug
""")

    def command(self):
        return [piman_program(), "server", f"--config.file={self.folder / 'piman.yml'}"]


class Dnsmasq(Server):
    """As far as dnsmasq can: one tree for all, rendered for the first host."""
    name = "dnsmasq"

    def configure(self):
        root = self.folder / "root"
        shutil.copytree(self.site.boot / "images/default", root)
        node = self.site.hosts[0].name if self.site.hosts else ""
        for path in list(root.rglob("*.in")):
            text = path.read_text().replace("{{server}}", self.site.address).replace("{{name}}", node)
            path.with_suffix("").write_text(text)

    def command(self):
        site = self.site
        words = ["dnsmasq", "--conf-file=/dev/null", "--pid-file=", "--keep-in-foreground", "--port=0", "--user=root", "--bind-dynamic",
                 *(f"--interface={name}" for name in site.interfaces), "--no-ping", "--enable-tftp", "--tftp-max=600",
                 f"--tftp-root={self.folder / 'root'}", f"--dhcp-leasefile={self.folder / 'leases'}", "--log-facility=-",
                 "--log-dhcp", "--no-resolv", "--no-hosts", "--dhcp-lease-max=20000"]
        words += [f"--dhcp-host={h.mac},{h.address},{h.name}" for h in site.hosts]
        for number, subnet in enumerate(site.subnets):
            network = ipaddress.ip_network(subnet)
            if site.mode == "proxy":
                words.append(f"--dhcp-range={network.network_address},proxy")
                continue
            pool = next((p for p in site.pools if ipaddress.ip_address(p.split("-")[0]) in network), None)
            ends = pool.replace("-", ",") if pool else f"{network.network_address},static"
            words.append(f"--dhcp-range=set:net{number},{ends},{network.netmask},{site.lease_seconds}")
            router = next((r for r in site.routers if ipaddress.ip_address(r) in network), None)
            words.append(f"--dhcp-option=tag:net{number},3" + (f",{router}" if router else ""))
        if site.mode == "plain":  # addresses, and nothing to boot from
            return words
        if site.mode == "authoritative":
            words += ["--dhcp-authoritative", "--dhcp-match=set:ipxe,175", "--dhcp-boot=tag:ipxe,boot.ipxe",
                      "--dhcp-vendorclass=set:uboot,U-Boot", "--dhcp-boot=tag:uboot,boot.scr.uimg"]
        words.append("--pxe-service=0,Raspberry Pi Boot   ")
        return words


SERVERS = {server.name: server for server in (Piman, Dnsmasq)}


def add_server_flag(parser):
    parser.add_argument("--server", choices=sorted(SERVERS), default="piman",
                        help="dnsmasq: checks the laboratory, as far as dnsmasq does what is asked here")


def programs_of(server):
    """What must be installed to run it. A piman that is not built is no reason to skip anything."""
    if server == "dnsmasq":
        return ["dnsmasq"]
    expect(pathlib.Path(piman_program()).exists(), f"there is no {piman_program()}: build it first")
    return []
