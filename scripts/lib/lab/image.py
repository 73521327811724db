# SPDX-License-Identifier: Apache-2.0
"""What virtual Pis load and install, made of this machine's own files: `image.py boot FOLDER` (the boot root, with bytes in
the place of firmware) and `image.py system FILE VERSION AGENT` (a root file system of busybox and the node agent). For
emulated machines, out of Debian's arm64 packages as netboot/initramfs/build has fetched them into PAYLOAD:
`image.py boot FOLDER PAYLOAD`, `image.py system FILE VERSION AGENT PAYLOAD`."""
import gzip
import io
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

REPO = pathlib.Path(__file__).resolve().parents[3]
EMULATED_ARGUMENTS = "console=ttyAMA0 quiet panic=-1 master={{server}} piman.hostname={{name}}"
# What the models ask for; pisim loads it and runs none of it.
FIRMWARE = {"start4.elf": 400_000, "fixup4.dat": 5_000, "bcm2711-rpi-4-b.dtb": 50_000, "bcm2712-rpi-5-b.dtb": 70_000,
            "kernel8.img": 2_000_000, "initramfs.gz": 1_000_000}
INIT = """#!/bin/busybox sh
# The first program of a virtual Pi's system: keeps its address, and its node agent.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
if [ "$#" -ge 1 ]; then # called by udhcpc
  case $1 in bound | renew) ifconfig "$interface" "$ip" netmask "${subnet:-255.255.255.0}" ;; esac
  exit 0
fi
[ -e /proc/uptime ] || mount -t proc proc /proc
[ -e /sys/class ] || mount -t sysfs sys /sys
[ -e /dev/null ] || mount -t devtmpfs dev /dev
hostname -F /etc/hostname
udhcpc -i eth0 -f -s /sbin/init >/dev/null 2>&1 &
while :; do
  piman-node-agent
  sleep 1
done
"""
APPLETS = ("cat", "df", "hostname", "ifconfig", "ls", "mount", "ps", "sh", "sleep", "udhcpc")


def make_boot(folder, payload=None):
    image = folder / "images/default"
    image.mkdir(parents=True)
    if payload:
        shutil.copyfile(payload / "kernel", image / "kernel8.img")
        shutil.copyfile(payload / "initramfs.gz", image / "initramfs.gz")
        (image / "uboot.txt.in").write_text(f"bootargs={EMULATED_ARGUMENTS}\n")
        subprocess.run(["mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", REPO / "netboot/boot/boot.cmd",
                        image / "boot.scr.uimg"], check=True, stdout=subprocess.DEVNULL)
        return
    source = random.Random(1)
    for name, size in FIRMWARE.items():
        (image / name).write_bytes(source.randbytes(size))
    (image / "config.txt").write_text("arm_64bit=1\nkernel=kernel8.img\ninitramfs initramfs.gz followkernel\n")
    (image / "cmdline.txt.in").write_text("master={{server}} piman.hostname={{name}}\n")


def libraries(program):
    """{path: file} of what a program is linked with; the paths are where its loader looks."""
    text = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout  # a static one: none
    paths = re.findall(r"(?:=> )?(/\S+) \(0x", text)
    return {path: pathlib.Path(path).resolve() for path in paths}


def foreign_libraries(root, program):
    """The same of a program for arm64, out of unpacked packages."""
    wanted, found = [program], {}
    while wanted:
        text = subprocess.run(["readelf", "-W", "-d", "-l", wanted.pop()], capture_output=True, text=True, check=True).stdout
        names = re.findall(r"\(NEEDED\).*\[([^\]]+)\]", text)
        names += [pathlib.Path(name).name for name in re.findall(r"interpreter: ([^\]]+)\]", text)]
        for name in names:
            place = f"/lib/{name}" if name.startswith("ld-linux") else f"/lib/aarch64-linux-gnu/{name}"
            if place in found:
                continue
            places = [root / folder / "aarch64-linux-gnu" / name for folder in ("lib", "usr/lib")]
            file = next((path for path in places if path.exists()), None)
            if file is None:
                sys.exit(f"error: no {name} in the packages")
            found[place] = file.resolve()
            wanted.append(file)
    return found


def unpack(payload, folder):
    """busybox and the C library."""
    for pattern in ("busybox-static_*.deb", "libc6_*.deb"):
        for package in (payload / "debs").glob(pattern):
            subprocess.run(["dpkg", "-x", package, folder], check=True)
    return pathlib.Path(folder)


def stripped(program, folder):
    """Without its debug symbols, where there is a tool for that."""
    out = pathlib.Path(folder) / program.name
    shutil.copyfile(program, out)
    if shutil.which("strip"):
        subprocess.run(["strip", out], check=True)
    return out


def find_busybox():
    for path in ("/usr/bin/busybox", "/bin/busybox"):
        if pathlib.Path(path).exists():
            return pathlib.Path(path)
    sys.exit("error: no busybox here")


def make_system(out, version, agent, payload=None):
    folders = ["bin", "boot", "boot/firmware", "dev", "etc", "lib", "proc", "root", "run", "sbin", "sys", "tmp", "usr",
               "usr/bin", "var"]
    with tempfile.TemporaryDirectory() as work:
        if payload:
            root = unpack(payload, work)
            busybox = next(path for path in (root / "bin/busybox", root / "usr/bin/busybox") if path.exists())
            linked = foreign_libraries(root, agent)
        else:
            agent, busybox = stripped(agent, work), find_busybox()
            linked = {**libraries(busybox), **libraries(agent)}
        files = {"bin/busybox": busybox.read_bytes(), "usr/bin/piman-node-agent": agent.read_bytes(), "sbin/init": INIT.encode()}
        for path, file in linked.items():
            files[path.lstrip("/")] = file.read_bytes()
    texts = {"etc/os-release": f'PRETTY_NAME="piman lab {version}"\nNAME="piman lab"\nID=piman-lab\nVERSION_ID="{version}"\n',
             "etc/hostname": "virtual-pi\n", "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/group": "root:x:0:\n"}
    for name in files:
        for parent in pathlib.PurePosixPath(name).parents:
            if str(parent) not in (*folders, "."):
                folders.append(str(parent))
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as tar:
        def add(name, content=b"", mode=0o644, kind=tarfile.REGTYPE, link=""):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.type, info.linkname = len(content), mode, kind, link
            tar.addfile(info, io.BytesIO(content))
        for name in sorted(folders):
            add(name, mode=0o1777 if name == "tmp" else 0o755, kind=tarfile.DIRTYPE)
        for name, content in sorted(files.items()):
            add(name, content, 0o755)
        for name, text in sorted(texts.items()):
            add(name, text.encode())
        for name in APPLETS:
            add(f"bin/{name}", mode=0o777, kind=tarfile.SYMTYPE, link="busybox")
    out.write_bytes(gzip.compress(raw.getvalue(), 6, mtime=0))


def main():
    match sys.argv[1:]:
        case ["boot", folder, *payload]:
            make_boot(pathlib.Path(folder), *map(pathlib.Path, payload))
        case ["system", file, version, agent, *payload]:
            make_system(pathlib.Path(file), version, pathlib.Path(agent), *map(pathlib.Path, payload))
        case _:
            sys.exit(__doc__)


main()
