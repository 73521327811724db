#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads gcovr's JSON and prints, for each pure source of common/ and netboot/, how many of its lines ran, and which did not.

  coverage_table.py COVERAGE.json UNCOVERED.txt

UNCOVERED.txt has, a line each, a file and the text of a line that no test can reach, and above them the reason after a #.
Exit status: 0 all others are covered; 1 some are not, or one that is listed there is gone or covered.
"""
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from layer_rules import PURE_FILES  # noqa: E402

FOLDERS = re.compile(r"^(common|netboot)/")


def read_excused(path):
    """{(file, text of the line)}"""
    excused = set()
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, text = line.partition(": ")
            excused.add((name, text.strip()))
    return excused


def counts_by_line(report):
    """{file: {line: how often it ran}}, of every program together."""
    files = {}
    for one in report["files"]:
        if FOLDERS.match(one["file"]) and PURE_FILES.match(one["file"]):
            lines = files.setdefault(one["file"], {})
            for line in one["lines"]:
                if not line.get("gcovr/noncode"):
                    lines[line["line_number"]] = lines.get(line["line_number"], 0) + line["count"]
    return files


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    files = counts_by_line(json.loads(pathlib.Path(sys.argv[1]).read_text()))
    excused = read_excused(pathlib.Path(sys.argv[2]))
    missed, used, total, covered = [], set(), 0, 0
    print(f"{'lines':>6} {'ran':>6} {'%':>6}  pure source")
    for name, lines in sorted(files.items()):
        source = pathlib.Path(name).read_text().splitlines()
        ran = sum(1 for count in lines.values() if count)
        total, covered = total + len(lines), covered + ran
        if lines:
            print(f"{len(lines):6} {ran:6} {100 * ran / len(lines):6.1f}  {name}")
        for number, count in sorted(lines.items()):
            text = source[number - 1].strip()
            if count == 0 and (name, text) in excused:
                used.add((name, text))
            elif count == 0:
                missed.append(f"{name}:{number}: {text}")
    print(f"{total:6} {covered:6} {100 * covered / max(total, 1):6.1f}  of {len(files)} files; {len(used)} lines are excused")
    for line in missed:
        print(f"not covered: {line}")
    stale = sorted(excused - used)
    for name, text in stale:
        print(f"excused for nothing (it is gone, or covered): {name}: {text}")
    return 1 if missed or stale or not files else 0


if __name__ == "__main__":
    sys.exit(main())
