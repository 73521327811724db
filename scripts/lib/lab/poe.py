# SPDX-License-Identifier: Apache-2.0
"""The lab's PoE switch: what its tables say and what a SET does. Ports have the numbers of their Pis."""
import dataclasses

GROUP = 1
ADMIN = f"1.3.6.1.2.1.105.1.1.1.3.{GROUP}."  # pethPsePortAdminEnable, RFC 3621
DETECTION = f"1.3.6.1.2.1.105.1.1.1.6.{GROUP}."  # pethPsePortDetectionStatus
MILLIWATTS = f"1.3.6.1.4.1.9.9.402.1.2.1.9.{GROUP}."  # cpeExtPsePortPwrConsumption, as Cisco's switches have it
BASE_PORT = "1.3.6.1.2.1.17.1.4.1.2."  # dot1dBasePortIfIndex, RFC 4188
LEARNED_PORT = "1.3.6.1.2.1.17.4.3.1.2."  # dot1dTpFdbPort
LEARNED_STATUS = "1.3.6.1.2.1.17.4.3.1.3."  # dot1dTpFdbStatus
TREES = ("1.3.6.1.2.1.105.1.1", "1.3.6.1.4.1.9.9.402.1.2.1.9", "1.3.6.1.2.1.17")
ON, OFF = 1, 2
DISABLED, SEARCHING, DELIVERING = 1, 2, 3
LEARNED = 3
IF_INDEX = 10100  # of port 0


@dataclasses.dataclass
class Port:
    enabled: bool = False
    cable: bool = True

    @property
    def delivers(self):
        return self.enabled and self.cable

    @property
    def detection(self):
        return DELIVERING if self.delivers else SEARCHING if self.enabled else DISABLED


class PoeSwitch:
    """`changed(number)` is called when a port's power changes; `learned()` gives [(hardware address, port)]; `watts(number)`
    what a Pi draws."""

    def __init__(self, count, changed, learned, watts):
        self.ports = {number: Port() for number in range(1, count + 1)}
        self._changed, self._learned, self._watts = changed, learned, watts

    def set_enabled(self, number, is_enabled):
        self._set(number, "enabled", is_enabled)

    def set_cable(self, number, is_in):
        self._set(number, "cable", is_in)

    def _set(self, number, name, value):
        port = self.ports[number]
        before = port.delivers
        setattr(port, name, value)
        if port.delivers != before:
            self._changed(number)

    def rows(self):
        out = {}
        for number, port in self.ports.items():
            out[f"{ADMIN}{number}"] = ON if port.enabled else OFF
            out[f"{DETECTION}{number}"] = port.detection
            out[f"{MILLIWATTS}{number}"] = int(self._watts(number) * 1000) if port.delivers else 0
        for number in range(1, len(self.ports) + 2):  # and the uplink
            out[f"{BASE_PORT}{number}"] = IF_INDEX + number
        for mac, number in self._learned():
            index = ".".join(str(int(part, 16)) for part in mac.split(":"))
            out[f"{LEARNED_PORT}{index}"] = number
            out[f"{LEARNED_STATUS}{index}"] = LEARNED
        return out

    def set_row(self, oid, value):
        """One of snmpd's words."""
        number = oid[len(ADMIN):] if oid.startswith(ADMIN) else ""
        if not number.isdigit() or int(number) not in self.ports:
            return "not-writable"
        if value not in (ON, OFF):
            return "wrong-value"
        self.set_enabled(int(number), value == ON)
        return "DONE"
