# SPDX-License-Identifier: Apache-2.0
"""What a virtual Pi is made of when it has no power: who it is, its sensors (a /sys out of tests/testdata/trees), and its
card (a sparse file)."""
import dataclasses
import pathlib
import random
import shutil
import uuid

REPO = pathlib.Path(__file__).resolve().parents[3]
CARD_BYTES = 256 << 20  # of which an installed system takes some 15 MB of this machine's disk
HOT_CELSIUS = 80  # from here on the firmware holds the processor back
WARMTH = 3.0  # how far the temperature wanders by itself


@dataclasses.dataclass
class Model:
    pisim: str  # as tests/pisim calls it
    tree: str
    celsius: float  # at rest


PI4, PI5 = Model("pi4", "pi4", 44.0), Model("pi5", "pi5", 51.0)


def model_of(number):
    return PI5 if number % 3 == 0 else PI4


@dataclasses.dataclass
class Identity:
    number: int
    model: Model
    mac: str
    serial: str  # 8 hexadecimal digits

    @property
    def name(self):
        return f"pi{self.number}"


def make_card(path):
    """Blank."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as card:
        card.truncate(CARD_BYTES)


class Hardware:
    def __init__(self, identity, folder, card):
        self.identity, self.folder, self.card = identity, folder, card
        self.sys = folder / "sys"
        self.heated = None  # degrees that somebody asked for
        self._random = random.Random(identity.number)
        self._drift = self._random.uniform(0, WARMTH)

    def make(self):
        """Blank: nothing on the card."""
        tree = REPO / "tests/testdata/trees" / self.identity.model.tree
        self.folder.mkdir(parents=True)
        (self.folder / "root").mkdir()
        shutil.copytree(tree / "sys", self.sys, symlinks=True)
        shutil.rmtree(self.sys / "block", ignore_errors=True)
        shutil.rmtree(self.sys / "fs" / "ext4", ignore_errors=True)
        block = self.sys / "block" / "mmcblk0"
        block.mkdir(parents=True)
        for name, text in (("size", CARD_BYTES // 512), ("removable", 0), ("ro", 0)):
            (block / name).write_text(f"{text}\n")
        clock = self.sys / "devices/system/clocksource/clocksource0"
        clock.mkdir(parents=True, exist_ok=True)
        for name in ("current_clocksource", "available_clocksource"):
            (clock / name).write_text("arch_sys_counter\n")
        (self.sys / "class/net/eth0/address").write_text(f"{self.identity.mac}\n")
        lines = (tree / "proc/cpuinfo").read_text().splitlines()
        lines = [f"Serial\t\t: 10000000{self.identity.serial}" if line.startswith("Serial") else line for line in lines]
        (self.folder / "cpuinfo").write_text("\n".join(lines) + "\n")
        make_card(self.card)
        self.warm()

    def switched_on(self):
        """What is new at each start of a machine."""
        (self.folder / "boot_id").write_text(f"{uuid.uuid4()}\n")
        self.stage("rom")

    def stage(self, word=None):
        path = self.folder / "stage"
        if word:
            path.write_text(f"{word}\n")
        return path.read_text().strip()

    @property
    def celsius(self):
        return self.heated if self.heated is not None else self.identity.model.celsius + self._drift

    def warm(self):
        """The temperature moves a little; sensors and clock rates follow it."""
        self._drift = min(max(self._drift + self._random.uniform(-0.4, 0.4), 0), WARMTH)
        text = f"{int(self.celsius * 1000)}\n"
        zone = self.sys / "class/thermal/thermal_zone0"
        for path in (zone / "temp", *zone.glob("hwmon*/temp1_input")):
            _rewrite(path, text)
        for cpu in self.sys.glob("devices/system/cpu/cpufreq/policy*"):
            source = "cpuinfo_min_freq" if self.celsius >= HOT_CELSIUS else "cpuinfo_max_freq"
            if (cpu / source).exists() and (cpu / "scaling_cur_freq").exists():
                _rewrite(cpu / "scaling_cur_freq", (cpu / source).read_text())


def _rewrite(path, text):
    """In place, as the kernel's files are: who has it open reads the new value."""
    with path.open("r+") as file:
        file.write(text)
        file.truncate()
