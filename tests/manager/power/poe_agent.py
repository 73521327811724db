#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A PoE switch behind snmpd's pass_persist: poe_agent.py STATE. STATE is JSON, read anew for every question:
{"rows": {"1.3.6...": 1}, "lies": true}. A SET changes the admin status of a port there, the detection status and the
delivered power follow; with "lies" it is acknowledged and not done."""
import json
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts/lib/lab"))
from pass_persist import converse  # noqa: E402

ADMIN = "1.3.6.1.2.1.105.1.1.1.3."
DETECTION = "1.3.6.1.2.1.105.1.1.1.6."
MILLIWATTS = "1.3.6.1.4.1.9.9.402.1.2.1.9."
DELIVERING, DISABLED = 3, 1


def load(path):
    with open(path, encoding="ascii") as file:
        return json.load(file)


def store(path, state):
    with open(path + ".new", "w", encoding="ascii") as file:
        json.dump(state, file)
    os.replace(path + ".new", path)


def set_row(path, oid, value):
    state = load(path)
    if oid not in state["rows"] or not oid.startswith(ADMIN):
        return "not-writable"
    if value not in (1, 2):
        return "wrong-value"
    if not state.get("lies"):
        port, on = oid[len(ADMIN):], value == 1
        state["rows"][oid] = value
        state["rows"][DETECTION + port] = DELIVERING if on else DISABLED
        if MILLIWATTS + port in state["rows"]:
            state["rows"][MILLIWATTS + port] = 3500 if on else 0
        state["sets"] = state.get("sets", []) + [f"{port}={value}"]
        store(path, state)
    return "DONE"


def main():
    path = sys.argv[1]
    converse(lambda: load(path)["rows"], lambda oid, value: set_row(path, oid, value))


main()
