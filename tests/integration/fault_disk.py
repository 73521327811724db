# SPDX-License-Identifier: Apache-2.0
"""Faults of the manager's disk, for `faults`: a damaged database, a disk that is full or gives up; backup and restore."""
import random
import signal
import sqlite3
import subprocess
import time

from fault_site import Load, call, make_nodes, metric, state_of
from install_client import Failure, check_invariants, expect, wait_until


def fill(folder):
    with open(folder / "ballast", "wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2


def spoil_page(content):
    """One page in the middle says that it has 65,535 cells."""
    at = len(content) // 8192 * 4096
    return content[:at + 3] + b"\xff\xff" + content[at + 5:]


DAMAGES = {
    "header": lambda content: content[:68] + b"\1\2\3\4" + content[72:],
    "first page": lambda content: b"\0" * 4096 + content[4096:],
    "a page": spoil_page,
    "half of it": lambda content: content[:len(content) // 2],
    "empty": lambda content: b"",
    "noise": lambda content: random.Random(1).randbytes(len(content)),
}


class DiskFaults:
    def case_damaged(self):
        """The database is damaged in many ways: it is set aside, and a new one begun."""
        nodes, words = make_nodes(1, 3), []
        with self.site(nodes) as site:
            for name, damage in DAMAGES.items():
                site.start()
                for _ in range(20):
                    self.gets_addresses()
                site.order(nodes)
                leases = len(site.get("/api/v1/leases")["leases"])
                last = max(event["id"] for event in site.events())
                site.kill(signal.SIGTERM)
                database = state_of(site) / "piman.db"
                content = damage(database.read_bytes())
                database.write_bytes(content)
                site.start()
                aside = [path for path in state_of(site).glob("piman.db.corrupt-*") if not path.name.endswith(("-wal", "-shm"))]
                expect(len(aside) == 1, f"{name}: {aside}")
                expect(aside[0].read_bytes() == content, f"{name}: the file was changed")
                (event,) = site.events(kind="store", step="set_aside")
                expect(event["data"]["file"] == f"{aside[0]}" and event["id"] > last, f"{name}: the journal says {event}")
                expect(metric(site, "piman_store_set_aside_files") == 1, f"{name}: the metric")
                expect({one["name"] for one in site.get("/api/v1/nodes")["nodes"]} == {node.name for node in nodes},
                       f"{name}: the nodes of the inventory")
                kept = len(site.get("/api/v1/leases")["leases"])
                expect(kept <= leases and (name != "header" or kept == leases), f"{name}: {kept} leases out of {leases}")
                words.append(f"{name} ({kept} of {leases} leases)")
                for node in nodes:  # the order is gone with the database: nothing is formatted
                    node.card = None
                    node.hello("IS_UNINSTALLED")
                for node in nodes:
                    expect(node.is_told_nothing(0.2), f"{name}: {node.name} is told to format by an order that is lost")
                    node.hang_up()
                site.kill(signal.SIGTERM)
                aside[0].unlink()
                self.clients.forget()
        return ", ".join(words)

    def case_full(self):
        """The disk of the store is full, and then there is room."""
        nodes = make_nodes(1, 3)
        with self.site(nodes) as site:
            state_of(site).mkdir()
            call("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", state_of(site))
            try:
                site.start()
                self.gets_addresses()
                self.break_disk(site, nodes, lambda: fill(state_of(site)), lambda: (state_of(site) / "ballast").unlink())
                return "no lease and no order meanwhile, all of it after"
            finally:
                site.kill()
                call("umount", state_of(site))

    def break_disk(self, site, nodes, breaks, mends):
        number = site.order(nodes[:1])
        promised = self.clients.snapshot()
        breaks()
        given = [self.clients.lease_for_newcomer() for _ in range(3)]
        # What room is left in the journal's file may take some.
        expect(not given[-1], "addresses are given that are nowhere on the disk")
        wait_until("it says so", lambda: metric(site, "piman_store_failing") == 1)
        try:
            site.order(nodes[1:2])
        except Failure as refused:
            expect(": 5" in str(refused), f"an order is refused by {refused}")
        else:
            raise Failure("an order is taken that is nowhere on the disk")
        nodes[0].hello("IS_UNINSTALLED")
        expect(nodes[0].is_told_nothing(1), "a card is formatted without a word of it on the disk")
        nodes[0].hang_up()
        expect(site.process.poll() is None, f"it ended with {site.process.poll()}")
        mends()
        self.gets_addresses(40)
        nodes[0].hello("IS_UNINSTALLED")
        nodes[0].expect_order()
        nodes[0].install()
        nodes[0].boot()
        wait_until("its order is done", lambda: site.get(f"/api/v1/actions/{number}")["state"] == "done")
        check_invariants(site, nodes)
        self.clients.expect_promises(promised)

    def case_read_only(self):
        """The file system of the store gives up, as one on a dying card does."""
        nodes = make_nodes(1, 3)
        disk = self.folder / "disk"
        with open(disk, "wb") as file:
            file.truncate(32 << 20)
        call("mkfs.ext4", "-q", disk)
        with self.site(nodes) as site:
            state = state_of(site)
            state.mkdir()
            if subprocess.run(["mount", "-o", "loop", disk, state], capture_output=True, check=False).returncode:
                return "not tried: no loop devices here"
            try:
                site.start()
                self.gets_addresses()

                def mend():  # which needs a new start, as in life
                    site.kill(signal.SIGTERM)
                    call("umount", state)
                    subprocess.run(["e2fsck", "-fy", disk], capture_output=True, check=False)
                    call("mount", "-o", "loop", disk, state)
                    site.start()

                self.break_disk(site, nodes, lambda: call("mount", "-o", "remount,abort", state), mend)
                return "no lease and no order meanwhile, all of it after a check of the file system"
            finally:
                site.kill()
                subprocess.run(["umount", state], capture_output=True, check=False)

    def case_backup(self):
        """Backups beside a server at work, restored; both killed in the middle."""
        nodes = make_nodes(1, 3)
        config = ["--config.file=piman.yml"]
        rng = random.Random(self.options.seed)
        rounds = 40 if self.options.long else 6
        with self.site(nodes) as site:
            site.start()
            number = site.order(nodes[2:])
            with Load(site, nodes[:2], self.clients):
                time.sleep(1.5)
                for _ in range(rounds):
                    self.killed_command(site, rng.uniform(0, 0.15), "backup", "cut.tar", *config)
                    (site.folder / "cut.tar").unlink(missing_ok=True)
                promised = self.clients.snapshot()
                for name in ("cut.tar", "site.tar"):  # the first one finds what was left of those that were killed
                    site.run("backup", name, *config)
                expect(not list(site.folder.glob("*.part*")), "something is left over")
                refused = subprocess.run([*site.inside, site.program, "restore", "site.tar", *config], cwd=site.folder,
                                         capture_output=True, text=True, timeout=30, check=False)
                expect(refused.returncode == 1 and "in use by another piman" in refused.stderr, f"it is restored: {refused}")
                time.sleep(1)
            for node in nodes:
                node.stop()
            for _ in range(rounds):
                site.kill(signal.SIGTERM)
                self.killed_command(site, rng.uniform(0, 0.15), "restore", "site.tar", *config)
                site.start()  # whatever was left: the old state, or the new one
                # It may be of before or of after the restore, and in neither case a lease of the backup is lost.
                known = {one["mac"]: one["address"] for one in site.get("/api/v1/leases")["leases"]}
                expect(all(known.get(mac) == address for mac, address in promised.items()), "leases are lost")
            site.kill(signal.SIGTERM)
            site.run("restore", "site.tar", *config)
            site.start()
            for node in nodes:
                node.hello("IS_UNINSTALLED")
            for node in nodes:
                expect(node.is_told_nothing(0.3), f"{node.name} is formatted by an order out of a backup")
            (order,) = site.get(f"/api/v1/actions/{number}")["nodes"]
            expect(order["state"] == "withdrawn", f"the order that was open is {order}")
            expect(site.events(kind="store"), "the journal does not tell of it")
            database = sqlite3.connect(state_of(site) / "piman.db")
            expect(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "the database is damaged")
            database.close()
            return f"{2 * rounds} commands killed, {len(promised)} leases restored"

    def killed_command(self, site, seconds, *words):
        process = subprocess.Popen([*site.inside, site.program, *words], cwd=site.folder, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        process.kill()
        process.wait(10)
