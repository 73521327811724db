# SPDX-License-Identifier: Apache-2.0
"""A folder that stands for an installed machine: /etc/piman, /var/lib/piman, a Pi's boot files, the folder of a Python system, and
`piman server` at work on ports of its own, with nodes that do not answer and a switch that obeys. Commands run in it as they stand
on a page: its paths and the default server's address are put in the place of those of the page."""
import io
import itertools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import urllib.request

REPO = pathlib.Path(__file__).resolve().parents[2]
NODES = {**{number: f"pi{number}" for number in range(1, 10)}, 17: "pi17"}
BOOT_FILES = ("start4.elf", "fixup4.dat", "kernel8.img", "bcm2711-rpi-4-b.dtb", "config.txt", "cmdline.txt", "overlays/overlay_map.dtb")
ROOT_FILES = ("sbin/init", "dev/", "etc/", "proc/", "sys/")
# What stands on a page for something of the reader's, and what it is here. The longest comes first.
PLACEHOLDERS = [("NAME@VERSION", "spare@1"), ("switch=NAME", "switch=rack1"), ("users set NAME", "users set otto"), ("MAC ADDRESS NAME", "b8:27:eb:00:00:63 127.0.77.99 pi99"),
                ("MANAGER:8080", "127.0.0.1:8080"), ("MOUNTPOINT", "/usr/share"), ("STORE", "/var/lib/piman"), ("NODE", "pi7"), ("NAME", "pi7"), ("ID", "1"), ("ROOT", "root"), ("silence expire 3", "silence expire 1")]
CONFIG = """\
site: lab
web: {{listen_address: "127.0.0.1:{web}", users_file: users}}
inventory: {{hosts_file: hosts.csv}}
store: {{folder: {base}/var/lib/piman}}
netboot: {{enabled: true, interfaces: lo, root: {base}/srv/boot, console_port: 0}}
dhcp: {{mode: off}}
tftp: {{port: {tftp}}}
install: {{hello_port: {hello}, image_port: {image}, images: {base}/var/lib/piman/images}}
power:
  armed: true
  off_time: 1s
  cooldown: 1s
  switches:
    - name: rack1
      kind: command
      command: switch.sh
      ports: {{{ports}}}
"""


def free_ports(count):
    """Free for TCP and for UDP."""
    held, ports = [], []
    while len(ports) < count:
        tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        held += [tcp, udp]
        tcp.bind(("127.0.0.1", 0))
        try:
            udp.bind(("127.0.0.1", tcp.getsockname()[1]))
            ports.append(tcp.getsockname()[1])
        except OSError:
            pass
    for each in held:
        each.close()
    return ports


def root_archive(path, mode):
    with tarfile.open(path, mode) as archive:
        for name in ROOT_FILES:
            member = tarfile.TarInfo(name.rstrip("/"))
            member.mode = 0o755
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(member, io.BytesIO())


class Sandbox:
    flags = {}  # the flags that a command has, by its words; the same in each sandbox

    def __init__(self, program):
        self.program = program
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="piman-docs-"))
        self.folder = self.base / "etc/piman"
        self.server = None
        self.ordered = itertools.cycle(range(1, 10))
        self.web, *self.ports = free_ports(4)

    def __enter__(self):
        try:
            self.fill()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.base)

    def put(self, path, text="x", mode=0o644):
        path = self.base / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def fill(self):
        for folder in ("bin", "etc/piman-node-agent", "etc/grafana/provisioning", "etc/default", "usr/share", "mnt/usb", "tmp", "var/lib/piman"):
            (self.base / folder).mkdir(parents=True)
        for name in ("alerting", "dashboards"):  # copies: a page writes a secret into one of them
            shutil.copytree(REPO / name, self.folder / name, ignore=shutil.ignore_patterns("slack_url"))
        tftp, hello, image = self.ports
        ports = ", ".join(f"{name}: {number}" for number, name in NODES.items())
        self.put("etc/piman/piman.yml", CONFIG.format(base=self.base, web=self.web, tftp=tftp, hello=hello, image=image, ports=ports))
        self.put("etc/piman/hosts.csv", "".join(f"b8:27:eb:00:00:{number:02x};127.0.77.{number};{name};\n" for number, name in NODES.items()))
        self.put("etc/piman/switch.sh", "#!/bin/sh\nexit 0\n", 0o755)
        self.put("etc/piman/monitoring.config", "cpu_threshold 90\n")
        for folder in ("boot/firmware", "opt/pi-manager/install/boot", "etc/piman/folder", "srv/boot/images/default"):
            for name in BOOT_FILES:
                self.put(f"{folder}/{name}")
        for name in ("hosts.csv", "piman.yaml"):
            self.put(f"opt/pi-manager/{name}", "b8:27:eb:00:00:21;172.30.4.2;pi2;\n" if name == "hosts.csv" else "dns_domain: lab.example\n")
        root_archive(self.base / "opt/pi-manager/install/boot/rootfs.tgz", "w:gz")
        root_archive(self.base / "tmp/root.tar.gz", "w:gz")
        with tarfile.open(self.base / "tmp/root.tar.gz") as archive:
            archive.extractall(self.folder / "root")
        (self.folder / "root/sbin/init").chmod(0o755)
        for name, more in (("debian --version 2026-11", "--default"), ("spare --version 1", "")):
            self.must(f"piman image add /tmp/root.tar.gz --name {name} {more}")

        self.must("piman users set operator --users.file users")

    def must(self, command):
        done = self.run(command, 20)
        if done.returncode != 0:
            raise SystemExit(f"{command}: {done.stdout}")

    def start(self):
        with open(self.base / "server.log", "ab") as log:
            self.server = subprocess.Popen([self.program, "server"], cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/healthz", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
            if self.server.poll() is not None:
                break
        raise SystemExit(f"piman server did not start:\n{(self.base / 'server.log').read_text()}")

    def stop(self):
        if self.server:
            self.server.terminate()
            self.server.wait(15)
            self.server = None

    def flags_of(self, words):
        """Flags of the command that these words begin with."""
        name = " ".join(re.match(r"piman((?: [a-z][a-z-]*){0,2})", words)[1].split())
        for shorter in (name, name.rpartition(" ")[0]):
            if shorter not in self.flags:
                text = subprocess.run([self.program, *shorter.split(), "--help"], capture_output=True, text=True, timeout=10, check=False).stdout
                self.flags[shorter] = set(re.findall(r"^  --((?:\[no-\])?[a-z.-]+)", text, re.M))
            if self.flags[shorter]:
                return self.flags[shorter]
        return set()

    def as_here(self, command):
        """The command with this machine's paths, ports and nodes."""
        for word, here in PLACEHOLDERS:
            command = re.sub(rf"(?<![A-Za-z@]){re.escape(word)}(?![A-Za-z@])", here, command)
        command = re.sub(r"\b20\d\d-\d\d-\d\d\.tar", "$(date +%F).tar", command)
        command = re.sub(r"(?<![\w/.])/(etc|var|usr|mnt|opt|boot|tmp)/", rf"{self.base}/\1/", command)
        command = command.replace("127.0.0.1:8080", f"127.0.0.1:{self.web}")
        words = command.split()
        if words[0] == "piman":
            flags = self.flags_of(command)
            added = ""
            for flag, value in (("server", f"http://127.0.0.1:{self.web}"), ("ca.dir", f"{self.base}/etc/piman/ca")):
                if flag in flags and not any(word.startswith(f"--{flag}") for word in words):
                    added += f" --{flag}={value}"
            if "[no-]yes" in flags:
                added += " --yes"  # what it asks on a terminal
                # A node has one order at a time.
                command = command.replace("pi7", f"pi{next(self.ordered)}")
            first, pipe, rest = command.partition(" | ")
            first, out, target = first.partition(" >> ")
            command = first + added + out + target + pipe + rest
        return command

    def run(self, command, seconds):
        """By a shell, with `piman` on its path. The two steps that need systemd are taken by hand."""
        if told := re.fullmatch(r"systemctl (stop|start|restart|reload) piman", command):
            if told[1] == "reload":
                self.server.send_signal(signal.SIGHUP)
                return subprocess.CompletedProcess(command, 0, "")
            if told[1] != "start":
                self.stop()
            if told[1] != "stop":
                self.start()
            return subprocess.CompletedProcess(command, 0, "")
        link = self.base / "bin/piman"
        if not link.exists():
            link.symlink_to(self.program)
        environment = {**os.environ, "PATH": f"{self.base}/bin:{os.environ['PATH']}:/usr/sbin:/sbin", "HOME": str(self.base), "NO_COLOR": "1",
                       "PIMAN_TOKEN_FILE": str(self.base / "var/lib/piman/api.token")}
        answers = self.base / "answers"
        answers.write_text("correct horse battery\n" if "users set" in command else "")
        with open(answers, encoding="utf-8") as typed, open(self.base / "said", "w+", encoding="utf-8") as said:
            process = subprocess.Popen(["bash", "-o", "pipefail", "-c", self.as_here(command)], cwd=self.folder, env=environment, stdin=typed, stdout=said,
                                       stderr=subprocess.STDOUT, start_new_session=True)
            try:
                process.wait(seconds)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, 9)
                    process.wait()
            said.seek(0)
            return subprocess.CompletedProcess(command, process.returncode, said.read())
