# SPDX-License-Identifier: Apache-2.0
"""The dialogue that snmpd has with a script named by `pass_persist` (snmpd.conf(5)): a question is two or three lines on
standard input, the answer as many on standard output."""
import sys


def key(oid):
    """A name as numbers, in which names are ordered."""
    return tuple(int(part) for part in oid.strip(".").split("."))


def answer_get(rows, oid):
    return f".{oid}\ninteger\n{rows[oid]}" if oid in rows else "NONE"


def answer_next(rows, oid):
    after = key(oid)
    later = min((name for name in rows if key(name) > after), key=key, default=None)
    return "NONE" if later is None else answer_get(rows, later)


def converse(rows, set_row, questions=sys.stdin, answers=sys.stdout):
    """Until snmpd closes. `rows` gives {oid: whole number}; `set_row(oid, value)` one of snmpd's words: DONE,
    not-writable, wrong-type, wrong-value."""
    while True:
        line = questions.readline()
        if not line:
            return
        command = line.strip()
        if not command:  # snmpd ends a set with an empty line
            continue
        if command == "PING":
            answer = "PONG"
        else:
            oid = questions.readline().strip().strip(".")
            if command == "set":
                words = questions.readline().split()
                if len(words) != 2 or words[0] != "integer" or not words[1].isdigit():
                    answer = "wrong-value"
                else:
                    answer = set_row(oid, int(words[1]))
            else:
                answer = answer_next(rows(), oid) if command == "getnext" else answer_get(rows(), oid)
        print(answer, file=answers, flush=True)
