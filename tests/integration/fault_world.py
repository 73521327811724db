# SPDX-License-Identifier: Apache-2.0
"""Faults of the world around the manager, for `faults`: clocks, wires, switches."""
import glob
import os
import random
import time

from fault_site import HOST, Agents, check_power, make_nodes, power_words, resident_mb, state_of, up_count
from install_client import check_invariants, expect, wait_until

FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)


def failed_words(site, number, words):
    return [one for one in site.get(f"/api/v1/actions/{number}")["nodes"] if words in str(one)]


class WorldFaults:
    def case_clock(self):
        """No clock of its own: it jumps by hours, in both directions."""
        if FAKETIME is None:
            return "not tried: libfaketime is not installed"
        nodes = make_nodes(1, 3)
        clock = self.folder / "clock"
        clock.write_text("+0")
        with self.site(nodes) as site:
            site.inside += ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={clock}", "FAKETIME_NO_CACHE=1",
                            "FAKETIME_DONT_FAKE_MONOTONIC=1"]
            site.start()
            for node in nodes[:2]:
                node.card = "of before"
                node.boot()
            wait_until("they are up", lambda: up_count(site) == 2)
            self.gets_addresses()
            for jump in ("+5h", "-7h", "+3d", "-0"):
                number = site.order([nodes[2]])
                promised = self.clients.snapshot()
                clock.write_text(jump)
                time.sleep(1.5)
                expect(up_count(site) == 2, f"{jump}: {up_count(site)} nodes are up")
                self.gets_addresses()
                if jump != "+3d":  # after which leases of twelve hours are over
                    self.clients.expect_promises(promised, f"{jump}: ")
                nodes[2].hello("IS_UNINSTALLED")
                if jump == "+3d":
                    expect(nodes[2].is_told_nothing(0.5), "an order of three days ago formats a card")
                    nodes[2].hang_up()
                else:
                    nodes[2].expect_order()
                    nodes[2].install()
                    nodes[2].boot()
                    wait_until("its order is done", lambda: site.get(f"/api/v1/actions/{number}")["state"] == "done")
                    nodes[2].stop()
                check_invariants(site, nodes)
                site.kill()
                site.start()
                wait_until("they are up", lambda: up_count(site) >= 2)
                self.clients.forget()
            ids = [event["id"] for event in site.events()]
            expect(ids == sorted(set(ids)), "ids of events are not in order")
            return "+5 h, -7 h, +3 days and back, each with a kill"

    def case_wire(self):
        """The interface goes down and up, loses its address, and has another one."""
        nodes = make_nodes(1, 2)
        other = "10.78.0.9"
        with self.site(nodes) as site:
            site.start()
            nodes[0].card = "of before"
            nodes[0].boot()
            wait_until("it is up", lambda: up_count(site) == 1)
            self.gets_addresses()
            promised = self.clients.snapshot()
            self.wire.at_manager("ip", "link", "set", "wire0", "down")
            time.sleep(3)
            self.wire.at_manager("ip", "link", "set", "wire0", "up")
            self.gets_addresses(20)
            wait_until("the node is up again", lambda: up_count(site) == 1, 30)
            self.wire.at_manager("ip", "addr", "del", f"{HOST}/16", "dev", "wire0")
            time.sleep(1)
            self.wire.at_manager("ip", "addr", "add", f"{HOST}/16", "dev", "wire0")
            self.gets_addresses(20)
            # Another address: clients behind the relay ask there from now on.
            self.wire.at_manager("ip", "addr", "del", f"{HOST}/16", "dev", "wire0")
            self.wire.at_manager("ip", "addr", "add", f"{other}/16", "dev", "wire0")
            try:
                wait_until("the new address answers", lambda: self.clients.lease_for_newcomer(host=other), 20)
            finally:
                self.wire.at_manager("ip", "addr", "flush", "dev", "wire0")
                self.wire.at_manager("ip", "addr", "add", f"{HOST}/16", "dev", "wire0")
            self.gets_addresses(20)
            self.clients.expect_promises(promised)
            expect(site.process.poll() is None, f"it ended with {site.process.poll()}")

    def case_switch(self):
        """The switch is dead while nodes are to be switched, and then it is not."""
        switched, other = make_nodes(50, 3), make_nodes(1, 1)
        with self.site(other, switched) as site:
            site.start()
            dead = site.folder / "dead"
            dead.touch()
            number = site.order(switched, action="restart")
            nodes = wait_until("it says why", lambda: failed_words(site, number, "no answer"))
            expect(not power_words(site), "the switch was told something")
            site.order(other)  # who hangs on no switch goes on
            other[0].hello("IS_UNINSTALLED")
            other[0].expect_order()
            site.kill()
            dead.unlink()
            site.start()
            # What had not failed yet goes on by itself, and what had is ordered again.
            ended = {one["name"] for one in site.get(f"/api/v1/actions/{number}")["nodes"] if one["state"] == "failed"}
            site.order([node for node in switched if node.name in ended], action="restart")
            names = {node.name for node in switched}
            wait_until("all were switched off and on",
                       lambda: {name for word, name in power_words(site) if word == "off"} == names and
                       not check_power(site, names), 40)
            return f"{len(nodes)} orders told of it"

    def case_growth(self):
        """A day of forty nodes and of four hundred machines that ask for addresses, at three hundred times its speed."""
        if FAKETIME is None or not self.options.long:
            return "not tried: --long, and libfaketime"
        speed, hours = 300, 24
        nodes, numbers = make_nodes(1, 40), random.Random(1)
        sections = {"store": "{folder: state, journal_delay: 60s, journal_entries: 3000}",
                    "scrape": "{interval: 60s, timeout: 45s, max_backoff: 60s, history: 30m}",
                    "dhcp": "{mode: server, subnets: 10.78.0.0/16, pools: 10.78.8.1-10.78.9.250, unknown_hosts: pool, "
                            "lease_time: 1h}"}
        with self.site(nodes, **sections) as site, Agents(self.folder / "agents.json", nodes, site.agents):
            site.inside += ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME=+0 x{speed}"]
            site.start()
            began, samples, asked = time.monotonic(), [], 0
            while time.monotonic() - began < hours * 3600 / speed:
                mac = numbers.choice(nodes).mac if asked % 4 == 0 else f"02:03:00:00:01:{numbers.randrange(256):02x}"
                asked += self.clients.ask(1, mac)[0] == 2
                self.clients.forget()
                time.sleep(0.02)
                if len(samples) < (time.monotonic() - began) // 5:
                    samples.append((resident_mb(site.process.pid), len(os.listdir(f"/proc/{site.process.pid}/fd")),
                                    sum(path.stat().st_size for path in state_of(site).glob("piman.db*")) / 1e6))
            early, late = samples[len(samples) // 4], samples[-1]
            words = (f"{asked} boots begun; after 6 and after 24 hours {early[0]:.1f} and {late[0]:.1f} MB of memory, {early[1]} and "
                     f"{late[1]} descriptors, {early[2]:.1f} and {late[2]:.1f} MB of database")
            expect(late[0] < early[0] * 1.1 + 1, f"memory grows: {words}")
            expect(late[1] <= early[1] + 4, f"descriptors grow: {words}")
            expect(late[2] < early[2] * 1.2 + 0.5, f"the database grows: {words}")
            return words
