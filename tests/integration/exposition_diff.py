# SPDX-License-Identifier: Apache-2.0
"""Reads pages in the Prometheus text format strictly, and tells how one differs from another. Pure."""
import fnmatch
import re
from typing import NamedTuple

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
SUFFIXES = ("_bucket", "_sum", "_count")


class BadPage(Exception):
    """A page that Prometheus would refuse or misread."""


class Sample(NamedTuple):
    order: tuple  # label names as they stand on the page
    text: str     # the value as it stands there
    value: float


class Family:
    def __init__(self, name):
        self.name = name
        self.type = None
        self.samples = {}  # "NAME{labels in alphabetical order}" -> Sample


class Difference(NamedTuple):
    kind: str     # one of KINDS
    subject: str  # a family's name, or a sample with its labels
    peer: str
    ours: str


KINDS = ("missing-family", "extra-family", "type", "missing-sample", "extra-sample", "label-order", "value",
         "value-format")


def parse_labels(text, line):
    labels = []
    rest = text[1:-1]
    while rest:
        match = LABEL.match(rest)
        if not match:
            raise BadPage(f"labels not understood: {line}")
        labels.append((match.group(1), match.group(2)))
        rest = rest[match.end():]
    if len({name for name, _ in labels}) != len(labels):
        raise BadPage(f"a label stands there twice: {line}")
    return labels


def parse_page(page):
    """Families by name. Raises BadPage for what is malformed, out of place or there twice."""
    families = {}
    current = None
    for line in page.removesuffix("\n").split("\n"):  # splitlines() would also end lines at control characters
        if line.startswith("# HELP ") or line.startswith("# TYPE "):
            _, word, name, rest = (line + " ").split(" ", 3)
            if current is None or current.name != name:
                if name in families:
                    raise BadPage(f"family {name} is opened twice")
                current = families[name] = Family(name)
            if word == "TYPE":
                current.type = rest.strip()
            continue
        match = SAMPLE.match(line)
        if not match:
            raise BadPage(f"not understood: {line!r}")
        name, label_text, value = match.groups()
        owns = current is not None and (name == current.name or (
            current.type in ("histogram", "summary") and any(name == current.name + s for s in SUFFIXES)))
        if not owns:
            raise BadPage(f"sample outside its family: {line}")
        labels = parse_labels(label_text, line) if label_text else []
        key = name + ("{" + ",".join(f'{n}="{v}"' for n, v in sorted(labels)) + "}" if labels else "")
        if key in current.samples:
            raise BadPage(f"sample stands there twice: {line}")
        current.samples[key] = Sample(tuple(n for n, _ in labels), value, float(value))
    return families


def same(a, b):
    return a == b or (a != a and b != b)


def tolerance(name, rules):
    """(relative, absolute) slack for a family, or None when its values are not to be compared."""
    for pattern, slack in rules:
        if re.fullmatch(pattern, name):
            return slack
    return 0.0, 0.0


def value_differs(name, before, ours, after, rules):
    """`before` and `after` are the peer's values around ours: what moves may be anywhere between them, and a little off."""
    slack = tolerance(name, rules)
    if slack is None or same(before, ours) or same(after, ours):
        return False
    low, high = sorted((before, after))
    room = slack[0] * max(abs(low), abs(high)) + slack[1]
    return not low - room <= ours <= high + room


def compare(before, ours, after, rules):
    """Differences between the peer's pages, taken before and after ours, and ours."""
    found = []
    for name in sorted(before.keys() & after.keys() | ours.keys()):
        if name not in ours:
            found.append(Difference("missing-family", name, f"{len(before[name].samples)} samples", "-"))
        elif name not in before or name not in after:
            if name not in before and name not in after:
                found.append(Difference("extra-family", name, "-", f"{len(ours[name].samples)} samples"))
        else:
            found += compare_family(before[name], ours[name], after[name], rules)
    return found


def compare_family(before, ours, after, rules):
    found = []
    if before.type != ours.type:
        found.append(Difference("type", ours.name, str(before.type), str(ours.type)))
    for key in sorted(before.samples.keys() & after.samples.keys() | ours.samples.keys()):
        peer = before.samples.get(key) or after.samples.get(key)
        own = ours.samples.get(key)
        if own is None:
            found.append(Difference("missing-sample", key, peer.text, "-"))
        elif peer is None:
            found.append(Difference("extra-sample", key, "-", own.text))
        else:
            if peer.order != own.order:
                found.append(Difference("label-order", key, ",".join(peer.order), ",".join(own.order)))
            last = after.samples.get(key, peer)
            if value_differs(ours.name, peer.value, own.value, last.value, rules):
                found.append(Difference("value", key, peer.text, own.text))
            elif same(peer.value, own.value) and peer.text != own.text:
                found.append(Difference("value-format", key, peer.text, own.text))
    return found


class Allowance(NamedTuple):
    kind: str
    pattern: str
    reason: str

    def covers(self, difference):
        return self.kind in ("any", difference.kind) and fnmatch.fnmatchcase(difference.subject, self.pattern)


def parse_allowances(text):
    """Lines of KIND PATTERN; the comment above them is their reason, which they must have. An empty line ends it."""
    allowances = []
    reason = []
    in_comment = False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line:
            reason = []
            in_comment = False
        elif line.startswith("#"):
            if not in_comment:
                reason = []
            in_comment = True
            reason.append(line.lstrip("# "))
        else:
            in_comment = False
            kind, _, pattern = line.partition(" ")
            if kind not in KINDS + ("any",) or not pattern:
                raise BadPage(f"line {number}: not KIND PATTERN: {line}")
            if not reason:
                raise BadPage(f"line {number}: no reason above it: {line}")
            # Labels are full of brackets and braces, of which only * is meant as a pattern.
            allowances.append(Allowance(kind, pattern.strip().replace("[", "[[]"), " ".join(reason)))
    return allowances
