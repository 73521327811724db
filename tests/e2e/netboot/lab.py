# SPDX-License-Identifier: Apache-2.0
"""A laboratory of network namespaces: wires (bridges), stations on them, programs in stations, captures of wires. All of
it is this process's own and gone when its `with` block ends, however it ends; what a killed run has left is removed by the
next one. Nothing here reaches the network that this machine is in."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[3]
EXIT_SKIPPED = 77  # what CTest's SKIP_RETURN_CODE says
NAME = "piman-e2e-"


class Failure(Exception):
    """What was expected and did not come."""


def expect(condition, words):
    if not condition:
        raise Failure(words)


def wait_until(what, seconds, probe):
    """Polls `probe` until it gives something true, and returns that."""
    begin = time.monotonic()
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() - begin > seconds:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def call(*command, seconds=20):
    """Runs a tool that must succeed; its output."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Failure(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def find_program(name):
    """A path, or None. "scapy" is a library of Debian's own python3, which may not be the one that runs this."""
    if name == "scapy":
        found = subprocess.run(["/usr/bin/python3", "-c", "import scapy"], capture_output=True, check=False).returncode == 0
        return name if found else None
    if name.startswith("/"):
        return name if os.path.exists(name) else None
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def skip_unless_possible(programs):
    """Ends this process with "skipped" where the tests cannot run, and says why."""
    reason = ""
    missing = [name for name in programs if find_program(name) is None]
    if os.geteuid() != 0:
        reason = "needs root for network namespaces"
    elif missing:
        reason = f"not installed: {' '.join(missing)}"
    else:
        probe = f"{NAME}{os.getpid()}-probe"
        if subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode:
            reason = "no network namespaces here"
        else:
            if subprocess.run(["ip", "-n", probe, "link", "add", "lan", "type", "bridge"], capture_output=True,
                              check=False).returncode:
                reason = "no bridges here"
            call("ip", "netns", "del", probe)
    if reason:
        print(f"skipped: {reason}")
        sys.exit(EXIT_SKIPPED)


class Program:
    """A running program, its output in a file. Started by Lab or Station, stopped by the lab at the latest."""

    def __init__(self, name, command, log):
        self.name, self.command, self.log_path = name, [str(word) for word in command], log
        with log.open("ab") as out:
            # Dies with us, even if we are killed.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.command], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def signal(self, number):
        if self.running():
            self.process.send_signal(number)

    def wait(self, seconds):
        """Its exit status; a Failure when it does not end."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} does not end within {seconds} s; its log ends:\n{self.tail()}") from None

    def stop(self, seconds=5):
        self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(timeout=seconds)
        self.kill()
        return None

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def tail(self, lines=15):
        return "\n".join(line[:300] for line in self.log().splitlines()[-lines:])


class Station:
    """A machine on the wires: a namespace."""

    def __init__(self, lab, name):
        self.lab, self.name, self.namespace = lab, name, f"{lab.prefix}{name}"
        call("ip", "netns", "add", self.namespace)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return call("ip", "-n", self.namespace, *words)

    def inside(self, *command):
        return ["ip", "netns", "exec", self.namespace, *command]

    def run(self, *command, seconds=20, good=True):
        """Runs a tool to its end in here: subprocess's CompletedProcess, output as text."""
        words = [str(word) for word in self.inside(*command)]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
                                  errors="replace")
        except subprocess.TimeoutExpired as late:
            raise Failure(f"{self.name}: {' '.join(words[4:])} did not end within {seconds} s: {late.output}") from None
        if good:
            expect(done.returncode == 0,
                   f"{self.name}: {' '.join(words[4:])} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def start(self, name, *command):
        """Starts a program in here."""
        return self.lab.start(f"{self.name}-{name}", *self.inside(*command))

    def plug(self, wire, port="eth0", mac=None, address=None):
        """A cable from here to a wire."""
        far = f"p{next(self.lab.numbers)}"
        mac_words = ["address", mac] if mac else []
        self.ip("link", "add", port, *mac_words, "type", "veth", "peer", "name", far, "netns", wire.namespace)
        wire.ip("link", "set", far, "master", "lan", "up")
        self.ip("link", "set", port, "up")
        if address:
            self.ip("addr", "add", address, "dev", port)
        # Else the kernel leaves UDP checksums to a network card that is not there, and captures and clients see wrong ones.
        self.run("/usr/bin/python3", pathlib.Path(__file__).with_name("checksums_off.py"), port)
        return far

    def mac(self, port="eth0"):
        return re.search(r"link/ether (\S+)", self.ip("link", "show", "dev", port))[1]

    def addresses(self, port="eth0"):
        return re.findall(r"inet (\S+)", self.ip("-4", "addr", "show", "dev", port))


class Wire(Station):
    """A switch: a namespace with one bridge, and nothing else in it."""

    def __init__(self, lab, name):
        super().__init__(lab, name)
        self.ip("link", "add", "lan", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self.ip("link", "set", "lan", "up")

    def tap(self):
        """The name of a new tap on this switch, for a program in this namespace."""
        name = f"tap{next(self.lab.numbers)}"
        self.ip("tuntap", "add", name, "mode", "tap")
        self.ip("link", "set", name, "master", "lan", "up")
        return name

    def capture(self, port="lan", what=""):
        """Starts tcpdump on a port of the switch (as Station.plug() returned it) and returns the capture's file, to be
        looked at when the lab's captures have been stopped. `what` is a filter in tcpdump's language."""
        path = self.lab.folder / f"{self.name}-{port}.pcap"
        program = self.start("tcpdump", "tcpdump", "-i", port, "-U", "-s", "2048", "-B", "32768", "-w", path, "--immediate-mode",
                             "-Z", "root", *what.split())
        wait_until("tcpdump listens", 10, lambda: "listening on" in program.log() or not program.running())
        expect(program.running(), f"tcpdump: {program.log()}")
        self.lab.captures.append(program)
        return path


class Lab:
    """A context: whatever happens, nothing is left of it but what --keep keeps."""

    def __init__(self, keep=False):
        self.prefix = f"{NAME}{os.getpid()}-"
        self.keep, self.programs, self.captures = keep, [], []
        self.numbers = iter(range(10_000))

    def __enter__(self):
        remove_leftovers()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="piman-netboot-e2e."))
        self.folder.chmod(0o755)  # servers give up root and still read from here
        return self

    def __exit__(self, kind, value, trace):
        if kind not in (None, SystemExit, KeyboardInterrupt):
            self.show_logs()
        for program in reversed(self.programs):
            program.stop()
        for name in namespaces():
            if name.startswith(self.prefix):
                remove_namespace(name)
        if self.keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def show_logs(self):
        """Where each program stood when something had failed."""
        for program in self.programs:
            if program.log().strip():
                print(f"--- the end of {program.name}'s log\n{program.tail(8)}", flush=True)

    def wire(self, name):
        return Wire(self, name)

    def station(self, name, wire=None, mac=None, address=None):
        station = Station(self, name)
        if wire:
            station.port_on_wire = station.plug(wire, mac=mac, address=address)
        return station

    def start(self, name, *command):
        number = sum(1 for program in self.programs if program.name == name)
        program = Program(name, command, self.folder / f"{name}.{number}.log")
        self.programs.append(program)
        return program

    def stop_captures(self):
        time.sleep(0.2)  # what is on its way to tcpdump
        for program in self.captures:
            program.signal(signal.SIGINT)
            program.wait(10)
            dropped = re.search(r"(\d+) packets? dropped by kernel", program.log())
            expect(dropped and dropped[1] == "0", f"the capture is not whole: {program.tail(3)}")
        self.captures = []


def namespaces():
    return [line.split()[0] for line in call("ip", "netns", "list").splitlines() if line.strip()]


def remove_namespace(name):
    """Kills what is still in it, then removes it. Only for namespaces of ours."""
    for pid in call("ip", "netns", "pids", name).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    call("ip", "netns", "del", name)


def remove_leftovers():
    """Of runs that were killed."""
    for name in namespaces():
        owner = re.match(re.escape(NAME) + r"(\d+)-", name)
        if owner and not pathlib.Path(f"/proc/{owner[1]}").exists():
            with contextlib.suppress(Failure):  # another run does the same
                remove_namespace(name)


def run_cases(cases, chosen="", lab=None):
    """Runs named functions and prints a line for each; the exit status. With the lab that they share, its logs are shown at
    the first failure."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # an exception: everything is put away
    failed = []
    picked = [(name, case) for name, case in cases if chosen in name]
    for name, case in picked:
        begin = time.monotonic()
        try:
            words = case() or ""
        except Exception as failure:  # of any kind: the other cases are still worth their result
            failed.append(name)
            kind = "" if isinstance(failure, Failure) else f"{type(failure).__name__}: "
            print(f"FAILED  {name}\n        {kind}{failure}", flush=True)
            if lab and len(failed) == 1:
                lab.show_logs()
        else:
            print(f"ok      {name} ({time.monotonic() - begin:.1f} s) {words}".rstrip(), flush=True)
    print(f"{len(picked) - len(failed)} of {len(picked)} good")
    return 1 if failed or not picked else 0
