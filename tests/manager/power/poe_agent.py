#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A PoE switch behind snmpd's pass_persist: poe_agent.py STATE. STATE is JSON, read anew for every question:
{"rows": {"1.3.6...": 1}, "lies": true}. A SET changes the admin status of a port there, the detection status and the
delivered power follow; with "lies" it is acknowledged and not done."""
import json
import os
import sys

ADMIN = "1.3.6.1.2.1.105.1.1.1.3."
DETECTION = "1.3.6.1.2.1.105.1.1.1.6."
MILLIWATTS = "1.3.6.1.4.1.9.9.402.1.2.1.9."
DELIVERING, DISABLED = 3, 1


def key(oid):
    return tuple(int(part) for part in oid.strip(".").split("."))


def load(path):
    with open(path, encoding="ascii") as file:
        return json.load(file)


def store(path, state):
    with open(path + ".new", "w", encoding="ascii") as file:
        json.dump(state, file)
    os.replace(path + ".new", path)


def set_row(path, oid, words):
    state = load(path)
    if oid not in state["rows"] or not oid.startswith(ADMIN):
        return "not-writable"
    if len(words) != 2 or words[0] != "integer" or words[1] not in ("1", "2"):
        return "wrong-value"
    if not state.get("lies"):
        port, on = oid[len(ADMIN):], words[1] == "1"
        state["rows"][oid] = int(words[1])
        state["rows"][DETECTION + port] = DELIVERING if on else DISABLED
        if MILLIWATTS + port in state["rows"]:
            state["rows"][MILLIWATTS + port] = 3500 if on else 0
        state["sets"] = state.get("sets", []) + [f"{port}={words[1]}"]
        store(path, state)
    return "DONE"


def main():
    path = sys.argv[1]
    read = sys.stdin.readline
    while True:
        line = read()
        if not line:
            return
        command = line.strip()
        if not command:  # snmpd ends a set with an empty line
            continue
        if command == "PING":
            print("PONG", flush=True)
            continue
        oid = read().strip().strip(".")
        if command == "set":
            print(set_row(path, oid, read().split()), flush=True)
            continue
        rows = load(path)["rows"]
        if command == "getnext":
            later = sorted((name for name in rows if key(name) > key(oid)), key=key)
            oid = later[0] if later else None
        if oid in rows:
            print(f".{oid}\ninteger\n{rows[oid]}", flush=True)
        else:
            print("NONE", flush=True)


main()
