# SPDX-License-Identifier: Apache-2.0
"""Prints a bench's result as a table: figures, what each is of ours, and the bars. Exit 1 when a bar does not hold."""
import json
import sys


def text(value):
    if not isinstance(value, (int, float)):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def cell(value, ours):
    """The figure, and how many times ours it is."""
    if isinstance(value, (int, float)) and isinstance(ours, (int, float)) and ours and value is not ours:
        return f"{text(value)} ({value / ours:.1f}x)"
    return text(value)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        result = json.load(file)
    rows, bars = result["rows"], result["bars"]
    columns = list(dict.fromkeys(key for row in rows for key in row if key != "name"))
    # One line a figure: there are few programs and many figures.
    table = [[""] + [row["name"] for row in rows]]
    for key in columns:
        ours = rows[0].get(key)
        table.append([key] + [text(ours if ours is not None else "-")] +
                     [cell(row[key], ours) if key in row else "-" for row in rows[1:]])
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    print(f"\n{result['bench']}   (in brackets: times ours)\n")
    for line in table:
        print("  " + line[0].ljust(widths[0]) + "  " + "  ".join(c.rjust(w) for c, w in zip(line[1:], widths[1:])))
    print()
    for bar in bars:
        print(f"  {'ok    ' if bar['ok'] else 'FAILED'}  {bar['name']}: {text(bar['value'])}, limit {text(bar['limit'])}")
    sys.exit(0 if all(bar["ok"] for bar in bars) else 1)


main()
