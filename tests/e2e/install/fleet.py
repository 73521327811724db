# SPDX-License-Identifier: Apache-2.0
"""The manager of the install test: its configuration, its images, and what it says, by its command line and its API."""
import gzip
import io
import json
import random
import subprocess
import sys
import tarfile

from lab import REPO, expect, wait_until
from servers import piman_program

PAYLOAD = REPO / "build/initramfs-test/arm64"
SERVER, SWITCH, SUBNET = "10.77.0.1", "10.77.0.254", "10.77.0.0/24"
COMMUNITY = "e2e-secret"
NAME, MAC, ADDRESS = "pi20", "02:e2:e0:00:02:01", "10.77.0.20"
CONFIG = f"""site: e2e
inventory:
  hosts_file: hosts.csv
scrape:
  interval: 2s
  timeout: 2s
  max_backoff: 2s
store:
  folder: state
  journal_delay: 100ms
netboot:
  enabled: true
  interfaces: eth0
  root: boot
dhcp:
  subnets: {SUBNET}
  lease_time: 1h
http_boot:
  listen_address: {SERVER}:80
install:
  images: images
  start_timeout: 2m
  health_timeout: 2m
power:
  armed: true
  off_time: 1s
  cooldown: 1s
  starting_time: 1s
  switches:
    - name: rack
      address: {SWITCH}
      community_file: community
      ports:
        {NAME}: 1
"""


def make_site(folder):
    """Everything that an operator has when the first machine is plugged in. Images 1 and 2 are small; 3 comes in several
    pieces, so that there is a middle of its way."""
    if (folder / "piman.yml").exists():  # a folder that was kept
        return
    subprocess.run([sys.executable, "-B", REPO / "scripts/lib/lab/image.py", "boot", folder / "boot", PAYLOAD], check=True)
    (folder / "hosts.csv").write_text("")
    (folder / "community").write_text(COMMUNITY + "\n")
    (folder / "community").chmod(0o600)
    base = folder / "base.tar.gz"
    # Not by `piman image build`, which fetches what is there.
    subprocess.run([REPO / "scripts/build_image", "--variant", "tiny", "--debs", PAYLOAD / "debs", "--output", base], check=True)
    for version, ballast in ((1, 0), (2, 0), (3, 6 << 20)):
        archive = folder / f"image-{version}.tar.gz"
        archive.write_bytes(with_version(base.read_bytes(), version, ballast))
        subprocess.run([piman_program(), "image", "add", archive, "--name=tiny", f"--version={version}",
                        f"--images={folder / 'images'}"], check=True, stdout=subprocess.DEVNULL)
        archive.unlink()
    subprocess.run([piman_program(), "image", "default", "tiny@1", f"--images={folder / 'images'}"], check=True,
                   stdout=subprocess.DEVNULL)
    (folder / "piman.yml").write_text(CONFIG)


def with_version(archive, version, ballast):
    """The image with an os-release of its own, which the agent tells, and with bytes that can't be compressed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as before, tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as after:
        for member in before:
            after.addfile(member, before.extractfile(member) if member.isreg() else None)
        texts = {"etc/os-release": f'NAME="e2e"\nID=e2e\nVERSION_ID="{version}"\n'.encode(),
                 "var/ballast": random.Random(version).randbytes(ballast)}
        for name, content in texts.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            after.addfile(info, io.BytesIO(content))
    return gzip.compress(out.getvalue(), 1, mtime=0)


class Manager:
    """`piman server`, and what it says."""

    def __init__(self, station, folder):
        self.station, self.folder = station, folder
        self.program = station.start("piman", piman_program(), "server", f"--config.file={folder / 'piman.yml'}")
        wait_until("piman server answers", 20, self._answers)

    def _answers(self):
        expect(self.program.running(), f"piman server ended with {self.program.process.returncode}:\n{self.program.tail()}")
        return self.station.run("curl", "-sf", "http://127.0.0.1:8080/healthz", good=False).returncode == 0

    def command(self, *words):
        return [piman_program(), *words]

    def piman(self, *words, status=0, seconds=20):
        done = self.station.run(*self.command(*words), good=False, seconds=seconds)
        expect(done.returncode == status, f"piman {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def data(self, *words, status=0):
        """Of an answer of the API, as a command of piman's prints it."""
        return json.loads(self.piman(*words, "--json", status=status))["data"]

    def get(self, path):
        return json.loads(self.station.run("curl", "-sSf", f"http://127.0.0.1:8080{path}").stdout)["data"]

    def node(self):
        """Empty as long as it is none."""
        nodes = self.get("/api/v1/nodes")["nodes"]
        return next((node for node in nodes if node["name"] == NAME), {})

    def is_up(self):
        expect(self.program.running(), f"piman server has ended:\n{self.program.tail()}")
        return self.node().get("phase") == "up"

    def installs(self):
        return self.get(f"/api/v1/nodes/{NAME}/installs")

    def boots(self):
        return self.get(f"/api/v1/nodes/{NAME}/boots")["boots"]

    def last_event(self):
        return self.get("/api/v1/events?limit=1")["last"]

    def events(self, since, *kinds):
        """What the journal has after that event."""
        page = self.data("events", f"--since={since}", "--limit=1000", *(f"--kind={kind}" for kind in kinds))
        return page["events"]

    def page(self):
        """The metrics of the node, as the manager passes them on."""
        return self.station.run("curl", "-sSf", f"http://127.0.0.1:8080/nodes/{NAME}/metrics").stdout
