# SPDX-License-Identifier: Apache-2.0
"""What hangs on a port of the switch: a machine that runs while its port has power. A virtual Pi is a process tree in
namespaces of its own (the script beside this, `machine`) that begins in the boot ROM and ends in an installed system."""
import asyncio
import contextlib
import os
import pathlib
import signal
import time

import network

HERE = pathlib.Path(__file__).resolve().parent
MOST_LOG_BYTES = 1 << 20
CARD_SECONDS = 10  # until an unplugged machine's card is written back
PAUSE_OF_ROM = 0.3  # pisim's --time-scale: its stages' own pauses, shortened
# A virtual Pi may neither set this machine's clock nor load modules.
TAKEN_RIGHTS = "-sys_time,-sys_module,-sys_rawio"


class BoardError(Exception):
    """What can't be done to a Pi in its present state."""


def uptime():
    return float(pathlib.Path("/proc/uptime").read_text().split()[0])


def children(pid):
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Machine:
    """What all kinds have: power, and a process while there is some. Others know how it starts and ends."""

    def __init__(self, names, hardware, address, log_path):
        self.names, self.hardware, self.address, self.log_path = names, hardware, address, log_path
        self.identity = hardware.identity
        self.powered, self.hung = False, False
        self._process = None
        self._cuts = 0  # how often the power went, so that a short cut is noticed as well
        self._changed = asyncio.Event()

    def power(self, on):
        """Told by the switch."""
        if self.powered and not on:
            self._cuts += 1
        self.powered = on
        self._changed.set()

    @property
    def stage(self):
        if self._process is None:
            return "off"
        return "halted" if self._process.returncode is not None else self._stage_while_on()

    async def run(self):
        """For as long as the lab is there. A machine that ends by itself stays as it is until its power is cut."""
        cuts = 0
        try:
            while True:
                self._changed.clear()
                if self._process and (not self.powered or cuts != self._cuts):
                    await self._stop()
                if self.powered and self._process is None:
                    cuts = self._cuts
                    await self._start()
                await self._changed.wait()
        finally:
            await self._stop()

    async def _spawn(self, *command, **options):
        """Begins a log of its own when the old one is long enough."""
        is_long = self.log_path.exists() and self.log_path.stat().st_size > MOST_LOG_BYTES
        with self.log_path.open("wb" if is_long else "ab") as log:
            log.write(f"--- {time.strftime('%H:%M:%S')} power\n".encode())
            log.flush()
            self._process = await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "KILL", *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, **options)
            return log.tell()

    async def _stop(self):
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._after_stop()
        self._process, self.hung = None, False

    async def _after_stop(self):
        """What is still to be put away."""


class Board(Machine):
    """A virtual Pi."""

    def __init__(self, names, hardware, address, log_path, pisim):
        super().__init__(names, hardware, address, log_path)
        self.pisim = pisim
        self.namespace = names.pi(self.identity.number)

    def _stage_while_on(self):
        return self.hardware.stage()

    async def _start(self):
        loop_device = await asyncio.to_thread(network.call, "losetup", "--partscan", "--find", "--show", self.hardware.card)
        self.hardware.switched_on()
        environment = dict(os.environ, CARD=loop_device.strip(), PISIM=str(self.pisim), MODEL=self.identity.model.pisim,
                           INDEX=str(self.identity.number - 1), SEED=str(int.from_bytes(os.urandom(4), "big")),
                           ROM_PAUSE=str(PAUSE_OF_ROM), LC_ALL="C")
        since = int(uptime())  # it was switched on just now: its clocks begin at 0
        await self._spawn("ip", "netns", "exec", self.namespace, "unshare", "--mount", "--pid", "--uts", "--ipc",
                          "--time", "--boottime", str(-since), "--fork", "--kill-child=KILL",
                          "setpriv", "--bounding-set", TAKEN_RIGHTS, "--", "sh", str(HERE / "machine"),
                          cwd=self.hardware.folder, env=environment)

    async def _after_stop(self):
        await asyncio.to_thread(network.end_all_in, self.namespace)
        await asyncio.to_thread(self._release_card)

    def _release_card(self):
        """Its last mount goes a moment after its last process; only then may the card be written to anew."""
        deadline = time.monotonic() + CARD_SECONDS
        while time.monotonic() < deadline:
            loops = (network.call("losetup", "--noheadings", "--output", "NAME", "--associated", self.hardware.card,
                                  good=False) or "").split()
            if not loops:
                return
            for name in loops:
                network.call("losetup", "--detach", name, good=False)
            time.sleep(0.02)

    def _first_process(self):
        """The pid of its init, when a system runs."""
        if self.stage != "running":
            raise BoardError(f"{self.identity.name} runs no system now: it is at '{self.stage}'")
        found = children(self._process.pid)
        if not found:
            raise BoardError(f"{self.identity.name} has just ended")
        return found[0]

    def _system(self):
        return pathlib.Path(f"/proc/{self._first_process()}/root")

    def fill(self, percent):
        """Writes to its card until it is that full. Gone after a reinstall, as anything on it."""
        root = self._system()
        status = os.statvfs(root)
        used = status.f_blocks - status.f_bfree
        wanted = int((used + status.f_bavail) * percent / 100) - used  # as df counts: without what is kept for root
        if wanted <= 0:
            raise BoardError(f"the card of {self.identity.name} is that full already")
        with (root / "var/filled").open("ab") as file:
            start = file.seek(0, os.SEEK_END)
            os.posix_fallocate(file.fileno(), start, max(1, min(wanted, status.f_bavail) * status.f_frsize))

    def empty(self):
        (self._system() / "var/filled").unlink(missing_ok=True)

    def hang(self, is_hung):
        """Its agent is stopped, not ended: connections are taken and nothing is answered."""
        self._first_process()
        agents = [pid for pid in (int(word) for word in network.call("ip", "netns", "pids", self.namespace).split())
                  if _name_of(pid) == "piman-node-agen"]  # the kernel keeps 15 letters
        if not agents:
            raise BoardError(f"{self.identity.name} has no agent that runs")
        for pid in agents:
            os.kill(pid, signal.SIGSTOP if is_hung else signal.SIGCONT)
        self.hung = is_hung

    def disk_percent(self):
        try:
            status = os.statvfs(self._system())
        except (BoardError, OSError):
            return None
        used = status.f_blocks - status.f_bfree
        return 100 * used / (used + status.f_bavail)


def _name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
