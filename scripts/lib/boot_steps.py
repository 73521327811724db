# SPDX-License-Identifier: Apache-2.0
"""How each family of Raspberry Pis boots from the manager, as data: what scripts/boot_pictures draws and docs/boot_sequence.md
tells. tests/docs/boot_sequence holds names, counts and times to tests/pisim and netboot/."""
from typing import NamedTuple


class Program(NamedTuple):
    """A program begins on the Pi."""
    name: str
    notes: tuple = ()


class Ask(NamedTuple):
    """The Pi sends something. `phase` is what the node is in from then on, `seen` what else can be seen of it."""
    words: str
    details: tuple = ()
    time: tuple = ()
    phase: str = ""
    seen: tuple = ()


class Tell(NamedTuple):
    """The manager sends something."""
    words: str
    details: tuple = ()
    time: tuple = ()
    phase: str = ""
    seen: tuple = ()


class Files(NamedTuple):
    """Read requests in the Pi's order. A name in brackets is that of a file that is not there, in an image that
    `piman netboot import` made of a Raspberry Pi OS."""
    names: str
    details: tuple = ()
    time: tuple = ()
    phase: str = ""
    seen: tuple = ()


class Begin(NamedTuple):
    """What follows happens only then, until Else or End."""
    words: str


class Else(NamedTuple):
    words: str


class End(NamedTuple):
    pass


class Picture(NamedTuple):
    title: str
    file: str  # in docs/images
    model: str  # in tests/pisim/model.cc, whose files it has; empty: it loads none
    steps: tuple
    last_words: tuple = ()


OLD_FILES = "512-byte blocks"
START_ELF = ("(recovery.elf) config.txt config.txt (dt-blob.bin) (recovery.elf) config.txt (bootcfg.txt) {dtb} "
             "overlays/overlay_map.dtb config.txt cmdline.txt (recovery7.img) (kernel8-32.img) kernel8.img (armstub8-32.bin) "
             "(armstub7.bin) (armstub8.bin)")

SYSTEM_IS_UP = (
    Program("the system on its card", ("after switch_root",)),
    Ask("DHCP DISCOVER, REQUEST", ("its own client; the address stays the same",)),
    Tell("DHCP OFFER, ACK"),
    Tell("HTTP GET /metrics, port 3000", (), ("each 15 s, up to", "2 min when it was", "silent for long")),
    Ask("its metrics page", ("the first time that its agent answers",), (), "up", ("First scrape", "“up, after 12.3 s in booting”")),
)

FROM_KERNEL_TO_SCRAPE = (
    Program("kernel and initramfs", ("ip=dhcp, or the", "initramfs’s udhcpc")),
    Ask("DHCP DISCOVER, REQUEST", ("no option 60: it is no boot program any more",), ("again after 2 s, then", "ever later"), "",
        ("model linux", "the boot’s state: booted")),
    Tell("DHCP OFFER, ACK"),
    Ask("connects to TCP 3333"),
    Tell("busybox date -s …"),
    Ask("CAPABILITIES, DISK, IS_INSTALLED or IS_UNINSTALLED", (), (), "hello", ("the installer waits for orders",)),
    Begin("its card is to be installed: ordered, or accepted and never installed"),
    Tell("install: name, size, sha256, url", ("once it is its turn, and on record",), (), "formatting",
         ("“install 7 of debian@2026-11", "begins (first, order 3, …)”")),
    Ask("HTTP GET of the image, 4 MiB at a time", ("PROGRESS download 40 16777216",), ("as long as the", "image and the card", "take"),
        "downloading", ("with its percentage",)),
    Ask("PROGRESS write, VERIFIED sha256, IS_FORMATTED", (), (), "verifying"),
    Tell("closes the connection", ("the install is on record",), (), "booting", ("“install 7 of debian: installed”",)),
    Else("otherwise"),
    Tell("boot", (), (), "booting"),
    End(),
) + SYSTEM_IS_UP

BOOTCODE_TO_KERNEL = (
    Ask("DHCP DISCOVER, a second time", ("xid 26f30339, option 97: its serial number, four times",), (), "",
        ("model pi3, serial number",)),
    Tell("DHCP OFFER, which it takes", ("at once",)),
    Files("SERIAL/start.elf (autoboot.txt) config.txt (recovery.elf) start.elf fixup.dat", ("tsize; " + OLD_FILES,)),
    Program("start.elf", ("no DHCP: it goes on", "with the address")),
)
KERNEL_OF_3 = (
    Files("kernel8.img initramfs.gz", ("tsize; " + OLD_FILES,), (), "booting", ("when the kernel is whole",)),
) + FROM_KERNEL_TO_SCRAPE

PI3B = Picture("Pi 3B, 2B v1.2, CM3", "boot-pi3b.svg", "pi3b", (
    Program("mask ROM", ("the card first: 5 s", "where there is none")),
    Ask("DHCP DISCOVER to everybody", ("xid 26f30339, option 97: 44 sixteen times",),
        ("at 0, 5, 10, 15, 20 s;", "at 25 s it gives up", "until its power is cut"), "dhcp", ("model pi3b_rom", "no serial number yet")),
    Tell("DHCP OFFER, which it takes: no REQUEST comes", ("address, mask, 43 “Raspberry Pi Boot␣␣␣”, 66",),
         ("after 0.1 s",)),
    Tell("a datagram to UDP 9, of no meaning", (), ("after 0.6 s",)),
    Tell("the same OFFER again", ("a frame later than 1 s makes the ROM act on the first",), ("after 1.2 s",)),
    Files("bootcode.bin (bootsig.bin)", ("no options; " + OLD_FILES,), (), "loading", ("“loading, after 1.2 s in dhcp: …”",)),
    Program("bootcode.bin", ("out of the boot root",)),
) + BOOTCODE_TO_KERNEL + (
    Files(START_ELF.format(dtb="bcm2710-rpi-3-b.dtb"), ("tsize; " + OLD_FILES,)),
) + KERNEL_OF_3)

PI3BPLUS = Picture("Pi 3B+; and each Pi with bootcode.bin alone on its card", "boot-pi3bplus.svg", "pi3bplus", (
    Program("mask ROM of the 3B+", ("the card first: 5 s", "where there is none")),
    Ask("DHCP DISCOVER to everybody", ("xid 26f30339, option 97: its serial number, four times",),
        ("five, at odd pauses,", "in some 10 s"), "dhcp", ("model pi3, serial number",)),
    Tell("DHCP OFFER, which it takes: no REQUEST comes", ("address, mask, 43 “Raspberry Pi Boot␣␣␣”, 66; at once",)),
    Files("bootcode.bin (bootsig.bin)", ("no options; " + OLD_FILES,), (), "loading"),
    Program("bootcode.bin", ("with a card that has", "nothing else, a boot", "begins here")),
) + BOOTCODE_TO_KERNEL + (
    Files(START_ELF.format(dtb="bcm2710-rpi-3-b-plus.dtb"), ("tsize; " + OLD_FILES,)),
) + KERNEL_OF_3)

EEPROM_DHCP = (
    Tell("DHCP OFFER", ("address, mask, 43 “Raspberry Pi Boot␣␣␣”, 66, siaddr",)),
    Ask("DHCP REQUEST", ("some leave option 60 away; the DISCOVER’s still counts",), ("again after 4 s",)),
    Tell("DHCP ACK", ("when the lease is on the disk",)),
)
EEPROM_FILES = "tsize; blksize 1468, of 2020: 1024"

PI4 = Picture("Pi 4, 400, CM4", "boot-pi4.svg", "pi4", (
    Program("bootloader in the EEPROM", ("its turn in BOOT_ORDER",)),
    Ask("DHCP DISCOVER to everybody", ("option 97: “RPi4”, revision, MAC, serial number",),
        ("again after 4 s; after", "45 s the next one of", "BOOT_ORDER"), "dhcp", ("where it takes a while;", "model pi4, serial, revision")),
) + EEPROM_DHCP + (
    Files("SERIAL/start4.elf config.txt (vl805.sig) (vl805.bin) (pieeprom.sig) (pieeprom.upd) (recover4.elf) (fixup4rc.dat) "
          "(recovery.elf) (fixup_rc.dat) start4.elf fixup4.dat", (EEPROM_FILES,), ("30 s for a file", "at the most"), "loading"),
    Program("start4.elf", ("no DHCP: it goes on", "with the address")),
    Files("config.txt initramfs.gz bcm2711-rpi-4-b.dtb overlays/overlay_map.dtb cmdline.txt", (EEPROM_FILES,)),
    Files("kernel8.img", (EEPROM_FILES,), (), "booting", ("when the kernel is whole",)),
) + FROM_KERNEL_TO_SCRAPE)

PI5 = Picture("Pi 5, 500, CM5", "boot-pi5.svg", "pi5", (
    Program("bootloader in the EEPROM", ("its turn in BOOT_ORDER;", "it has all firmware in it")),
    Ask("DHCP DISCOVER to everybody", ("option 97: “RPi5”, revision, MAC, serial number",),
        ("again after 4 s; after", "45 s the next one of", "BOOT_ORDER"), "dhcp", ("where it takes a while;", "model pi5, serial, revision")),
) + EEPROM_DHCP + (
    Files("SERIAL/config.txt config.txt bcm2712-rpi-5-b.dtb overlays/overlay_map.dtb overlays/bcm2712d0.dtbo cmdline.txt",
          ("tsize, blksize 1468",), ("30 s for a file", "at the most"), "loading"),
    Files("kernel_2712.img initramfs.gz", ("tsize, blksize 1468",), (), "booting", ("when the kernel is whole",)),
) + FROM_KERNEL_TO_SCRAPE, ("The order of a Pi 5’s files is assumed: no complete capture of one is public.",))

ZERO = Picture("Zero 2 W, 3A+: not from the network", "boot-zero2w.svg", "", (
    Program("mask ROM", ("reads the card alone:", "there is no Ethernet", "on the board")),
    Program("bootcode.bin, start.elf", ("from the card",)),
    Program("the system on its card", ("that you wrote there",)),
    Ask("DHCP DISCOVER, REQUEST", ("where its Wi-Fi or adapter is on piman’s wire",), (), "", ("no boot, and no phase", "of one: the state is", "“Own disk”")),
    Tell("DHCP OFFER, ACK"),
    Tell("HTTP GET /metrics, port 3000", (), ("each 15 s",)),
    Ask("its metrics page", ("from the agent, which you installed",), (), "up"),
))

PICTURES = (PI3B, PI3BPLUS, PI4, PI5, ZERO)


def names_of(step):
    """(name, whether it is there) of a Files step."""
    return [(name.strip("()"), not name.startswith("(")) for name in step.names.split()]
