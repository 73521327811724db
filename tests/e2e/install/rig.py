# SPDX-License-Identifier: Apache-2.0
"""A PoE switch (a real snmpd) and the emulated machine that hangs on its port 1, both in the namespace of a wire. They have
a thread of their own; what is here may be called from any other one."""
import asyncio
import contextlib
import json
import pathlib
import sys
import threading
import types

from lab import Failure, expect, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts/lib/lab"))
import network  # noqa: E402
import snmpd  # noqa: E402
from emulated import EmulatedBoard, NoSensors  # noqa: E402
from hardware import PI4, Identity  # noqa: E402
from poe import ON, PoeSwitch  # noqa: E402

PORT = 1
WATTS = 3.5


class Rig:
    """A context. The port is switched on and its cable out at first: what hangs on it gets power by `plug`."""

    def __init__(self, wire, folder, mac, community):
        self.wire, self.folder, self.community = wire, folder, community
        names = types.SimpleNamespace(switch=wire.namespace)
        self.network = network.Network(names, PORT, None)
        wire.ip("tuntap", "add", f"p{PORT}", "mode", "tap")
        wire.ip("link", "set", f"p{PORT}", "master", "lan")
        self.card = folder / "card"
        self.console = folder / "console"
        hardware = NoSensors(Identity(PORT, PI4, mac, ""), self.card)
        if not self.card.exists():
            hardware.make()
        self.board = EmulatedBoard(names, hardware, "", self.console)
        self.switch = PoeSwitch(PORT, self._power_changed, self.network.learned, lambda _: WATTS)
        self.switch.set_cable(PORT, False)
        self.switch.set_enabled(PORT, True)
        self.sets = []  # what came by SNMP: whether the port is to be on
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.tasks = []

    def __enter__(self):
        self.thread.start()
        try:
            self._call(self._start())
            wait_until("snmpd listens", 10, lambda: ":00A1 " in self._udp() or self.snmpd.returncode is not None)
            expect(self.snmpd.returncode is None, "snmpd has ended")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._call(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _call(self, coroutine, seconds=30):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    def _udp(self):
        try:
            return pathlib.Path(f"/proc/{self.snmpd.pid}/net/udp").read_text()
        except OSError:
            return ""

    async def _start(self):
        folder = self.wire.lab.folder
        self.server = await asyncio.start_unix_server(self._on_client, folder / "switch.socket")
        self.snmpd = await snmpd.start(folder / "snmpd", self.wire.namespace, self.community, "../switch.socket",
                                       folder / "snmpd.log")
        self.tasks.append(asyncio.create_task(self.board.run()))

    async def _stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.tasks and self.snmpd.returncode is None:
            self.snmpd.kill()
            await self.snmpd.wait()
        self.server.close()

    async def _on_client(self, reader, writer):
        """What snmpd asks, through poe_agent."""
        with contextlib.suppress(ConnectionError):
            match json.loads(await reader.readline() or b"{}"):
                case {"do": "rows"}:
                    answer = {"rows": await asyncio.to_thread(self.switch.rows)}
                case {"do": "set", "oid": oid, "value": value}:
                    answer = {"answer": self.switch.set_row(oid, value)}
                    if answer["answer"] == "DONE":
                        self.sets.append(value == ON)
                case _:
                    answer = {"error": "not understood"}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _power_changed(self, number):
        delivers = self.switch.ports[number].delivers
        self.network.set_port(number, delivers)
        self.board.power(delivers)

    # --- what a hand does ---

    async def _set_cable(self, is_in):
        self.switch.set_cable(PORT, is_in)

    def plug(self):
        self._call(self._set_cable(True))

    def pull(self):
        """The machine is gone when this returns."""
        self._call(self._set_cable(False))
        wait_until("the machine has no power", 10, lambda: self.board.stage == "off")

    def has_halted(self):
        return self.board.stage == "halted"

    def told(self, lines=40):
        """The end of what the machine said on its console."""
        if not self.console.exists():
            raise Failure("the machine never had power")
        return "\n".join(line[:300] for line in self.console.read_text(errors="replace").replace("\r", "").splitlines()[-lines:])
