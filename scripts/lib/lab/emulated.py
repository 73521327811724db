# SPDX-License-Identifier: Apache-2.0
"""An emulated arm64 machine instead of a virtual Pi: QEMU with U-Boot, Debian's kernel and our initramfs, at the same switch.
Nothing of it is played, but it is no Pi: it has neither a Pi's boot ROM nor its sensors, and takes a processor and 300 MB."""
from board import BoardError, Machine
from hardware import make_card

U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
MEMORY_MB = 512
# What it has last said on its console tells where it is.
SAID = [(b"U-Boot 20", "rom"), (b"Starting kernel", "kernel"), (b"piman: > Hello", "installer"),
        (b"piman: starting what is on", "running")]
MOST_TAIL = 1 << 20


class NoSensors:
    """In the place of Hardware."""

    def __init__(self, identity, card):
        self.identity, self.card = identity, card
        self.heated, self.celsius = None, None

    def make(self):
        make_card(self.card)

    def warm(self):
        """Nothing does."""


class EmulatedBoard(Machine):
    _log_start = 0  # of this run's words

    def _stage_while_on(self):
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            text = log.read(MOST_TAIL)
        place, stage = max((text.rfind(words), stage) for words, stage in SAID)
        return stage if place >= 0 else "rom"

    async def _start(self):
        # Not virtio-net-pci: this U-Boot does not take its hardware address.
        self._log_start = await self._spawn(
            "ip", "netns", "exec", self.names.switch,
            "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-accel", "tcg", "-m", str(MEMORY_MB), "-nographic",
            "-no-reboot", "-bios", U_BOOT, "-netdev", f"tap,id=n,ifname=p{self.identity.number},script=no,downscript=no",
            "-device", f"virtio-net-device,netdev=n,mac={self.identity.mac}", "-device", "virtio-rng-device",
            "-drive", f"file={self.hardware.card},format=raw,if=none,id=d", "-device", "virtio-blk-device,drive=d")

    def _only_virtual(self):
        raise BoardError(f"{self.identity.name} is an emulated machine: only its cable can be pulled")

    def fill(self, _):
        self._only_virtual()

    def empty(self):
        self._only_virtual()

    def hang(self, _):
        self._only_virtual()

    def disk_percent(self):
        return None
