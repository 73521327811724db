# SPDX-License-Identifier: Apache-2.0
"""The network's side of a PoE switch: net-snmp's snmpd, which asks a PoeSwitch through `poe_agent` and a socket."""
import asyncio
import os
import pathlib
import shutil

from poe import TREES

HERE = pathlib.Path(__file__).resolve().parent


def find_program():
    return shutil.which("snmpd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or "snmpd"


async def start(folder, namespace, community, control, log):
    """Its process, on port 161 of `namespace`. `folder` is made and its own; `control` is the socket, as seen from there."""
    folder.mkdir()
    config = folder / "snmpd.conf"
    config.touch(mode=0o600)
    # By relative names: snmpd takes none with a blank.
    (folder / "poe_agent").symlink_to(HERE / "poe_agent")
    lines = ["agentaddress udp:161", f"rwcommunity {community}", "sysName lab", "dontLogTCPWrappersConnects yes",
             *(f"pass_persist .{tree} ./poe_agent {control}" for tree in TREES)]
    config.write_text("\n".join(lines) + "\n")
    environment = dict(os.environ, SNMP_PERSISTENT_DIR=str(folder), SNMP_PERSISTENT_FILE=str(folder / "snmpd.persist"), MIBS="")
    return await asyncio.create_subprocess_exec(
        "setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", namespace, find_program(), "-f", "-C", "-c", str(config), "-Lf",
        str(log), "-I", "-smux", cwd=folder, stdin=asyncio.subprocess.DEVNULL, env=environment)
