# SPDX-License-Identifier: Apache-2.0
"""Draws a Picture of boot_steps.py as a sequence diagram. It has a ground of its own and the page's colours, light and dark:
a browser shows it as it is set itself, wherever the picture stands."""
from html import escape

from boot_steps import Ask, Begin, Else, End, Files, Program, Tell, names_of

WIDTH, PI, MANAGER, SEEN, LEFT = 960, 236, 676, 704, 20
LINE, SMALL_LINE, CHAR = 18, 15, 6.7  # CHAR: of the small letters of one width
STYLE = """
svg { --ground: #ffffff; --raised: #f0f2f5; --line: #c3c9d2; --ink: #171b22; --soft: #545d6b; --busy: #1f5fae; --busy-soft: #e6eef8;
  --up: #14804a; --up-soft: #e4f3ea; --accent: #b3184f; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #161a21; --raised: #1e232c; --line: #3d4654; --ink: #e9ecf1; --soft: #9aa4b2; --busy: #6ea8ee; --busy-soft: #1d2b3f;
    --up: #4fc489; --up-soft: #17301f; --accent: #f2719c; }
}
text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; fill: var(--ink); }
.title { font-size: 17px; font-weight: 600; }
.head { font-weight: 600; }
.small { font-size: 11.5px; fill: var(--soft); }
.mono { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 11px; }
.absent { fill: var(--soft); font-style: italic; }
.ground { fill: var(--ground); stroke: var(--line); }
.box { fill: var(--raised); stroke: var(--line); }
.life { stroke: var(--line); stroke-width: 1.5; }
.bar { fill: var(--busy-soft); stroke: var(--busy); }
.arrow { stroke: var(--ink); stroke-width: 1.3; fill: none; }
.tip { fill: var(--ink); }
.rule { stroke: var(--line); stroke-dasharray: 3 4; }
.frame { fill: none; stroke: var(--accent); stroke-dasharray: 5 3; }
.when { fill: var(--accent); font-size: 11.5px; }
.chip { fill: var(--busy-soft); stroke: var(--busy); }
.chip-text { fill: var(--busy); font-weight: 600; font-size: 12px; }
.chip-up { fill: var(--up-soft); stroke: var(--up); }
.chip-up-text { fill: var(--up); font-weight: 600; font-size: 12px; }
"""


def wrapped(names, most):
    """Lines of (name, is there) that take at most so many letters."""
    lines, length = [[]], 0
    for name, is_there in names:
        width = 2 + len(name) + 2 * (not is_there)  # with its brackets
        if lines[-1] and length + width > most:
            lines.append([])
            length = 0
        lines[-1].append((name, is_there))
        length += width
    return lines


class Drawing:
    def __init__(self, picture):
        self.picture, self.parts, self.y, self.left_until = picture, [], 0, 0
        self.bar_from = None
        self.frame_from = None

    def add(self, part):
        self.parts.append(part)

    def text(self, x, y, words, kind="", anchor=""):
        more = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
        self.add(f'<text x="{x:g}" y="{y:g}"{more}>{escape(words)}</text>')

    def lines(self, x, y, lines, kind="small", anchor=""):
        for number, words in enumerate(lines):
            self.text(x, y + number * SMALL_LINE, words, kind, anchor)
        return len(lines) * SMALL_LINE

    def heads(self):
        self.text(LEFT, 34, self.picture.title, "title")
        for x, words, width in ((PI, "Raspberry Pi", 120), (MANAGER, "piman", 80)):
            self.add(f'<rect class="box" x="{x - width / 2:g}" y="50" width="{width}" height="28" rx="6"/>')
            self.text(x, 69, words, "head", "middle")
        self.text(SEEN + 40, 69, "phase; page and events", "head")
        self.y = 96

    def end_bar(self):
        if self.bar_from is not None:
            self.add(f'<rect class="bar" x="{PI - 6}" y="{self.bar_from}" width="12" height="{self.y - 8 - self.bar_from}" rx="3"/>')
        self.bar_from = None

    def program(self, step):
        self.y = max(self.y, self.left_until)
        self.end_bar()
        self.y += 6
        self.add(f'<path class="rule" d="M{LEFT} {self.y - 8}H{PI}"/>')
        self.text(LEFT, self.y + 10, step.name, "head")
        self.bar_from = self.y
        self.lines(LEFT, self.y + 27, step.notes)
        self.left_until = self.y + 27 + len(step.notes) * SMALL_LINE
        self.y += 6

    def seen(self, step, y):
        """Returns how far down it reaches."""
        down = y - 12
        if step.phase:
            kind = "chip-up" if step.phase == "up" else "chip"
            width = 20 + 7.4 * len(step.phase)
            self.add(f'<rect class="{kind}" x="{SEEN}" y="{y - 13}" width="{width:g}" height="19" rx="9.5"/>')
            self.text(SEEN + width / 2, y + 1, step.phase, kind + "-text", "middle")
            down = y + 10
        if step.seen:
            down += self.lines(SEEN + 4, down + 12, step.seen)
        return down + 6

    def left(self, step):
        """Times stand below a program's notes."""
        if not step.time:
            return
        self.y = max(self.y, self.left_until - 8)
        self.left_until = self.y + 22 + len(step.time) * SMALL_LINE

    def arrow(self, step, to_manager):
        self.left(step)
        y = self.y + 26
        start, end = (PI + 7, MANAGER - 2) if to_manager else (MANAGER - 1, PI + 8)
        tip = -8 if to_manager else 8
        self.text((PI + MANAGER) / 2, y - 7, step.words, "", "middle")
        self.add(f'<path class="arrow" d="M{start} {y}H{end}"/><path class="tip" d="M{end} {y}l{tip} -4.5v9z"/>')
        down = y + 4 + self.lines((PI + MANAGER) / 2, y + 15, step.details, "small", "middle")
        down = max(down, self.seen(step, y))
        if step.time:
            self.lines(LEFT, y + 1, step.time)
            down = max(down, y + len(step.time) * SMALL_LINE - 8)
        self.y = down + 2

    def files(self, step):
        self.left(step)
        names = names_of(step)
        absent = sum(not is_there for _, is_there in names)
        count = f"{len(names)} read requests" if len(names) > 1 else "1 read request"
        words = f"TFTP, {count}" + (f", {absent} of them in vain" if absent else "")
        lines = wrapped(names, int((MANAGER - PI - 48) / CHAR))
        top, height = self.y + 12, 24 + SMALL_LINE * (len(lines) + len(step.details)) + 6
        left, width = PI + 16, MANAGER - PI - 32
        self.add(f'<path class="arrow" d="M{PI + 7} {top + height / 2:g}H{left}M{left + width} {top + height / 2:g}H{MANAGER}"/>')
        self.add(f'<rect class="box" x="{left}" y="{top}" width="{width}" height="{height}" rx="6"/>')
        self.text((PI + MANAGER) / 2, top + 17, words, "", "middle")
        y = top + 17 + SMALL_LINE
        for line in lines:
            spans = "".join(f'<tspan{"" if is_there else " class=" + chr(34) + "absent" + chr(34)} dx="{0 if number == 0 else 2 * CHAR:g}">'
                            f'{escape(name if is_there else "(" + name + ")")}</tspan>' for number, (name, is_there) in enumerate(line))
            self.add(f'<text class="mono" x="{left + 10}" y="{y}">{spans}</text>')
            y += SMALL_LINE
        self.lines((PI + MANAGER) / 2, y + 2, step.details, "small", "middle")
        down = max(top + height, self.seen(step, top + 16))
        if step.time:
            self.lines(LEFT, top + 14, step.time)
        self.y = down + 4

    def condition(self, words):
        self.text(PI + 20, self.y + 16, words, "when")
        self.y += 16

    def begin(self, step):
        self.y += 10
        self.frame_from = self.y
        self.condition(step.words)

    def otherwise(self, step):
        self.y += 6
        self.add(f'<path class="frame" d="M{PI + 12} {self.y}H{MANAGER + 14}"/>')
        self.condition(step.words)

    def end(self, _):
        self.y += 4
        self.add(f'<rect class="frame" x="{PI + 12}" y="{self.frame_from}" width="{MANAGER - PI + 2}" height="{self.y - self.frame_from}" rx="6"/>')
        self.y += 8

    def draw(self):
        self.heads()
        draw = {Program: self.program, Ask: lambda step: self.arrow(step, True), Tell: lambda step: self.arrow(step, False),
                Files: self.files, Begin: self.begin, Else: self.otherwise, End: self.end}
        for step in self.picture.steps:
            draw[type(step)](step)
        self.y += 14
        self.end_bar()
        life_end = self.y
        words = list(self.picture.last_words)
        if any(isinstance(step, Files) for step in self.picture.steps):
            words.insert(0, "SERIAL is the folder that the Pi puts before all its later names. (In brackets): asked for and not there, which is as it should be.")
        for each in words:
            self.y += SMALL_LINE + 2
            self.text(LEFT, self.y + 8, each, "small")
        height = self.y + 24
        life = "".join(f'<path class="life" d="M{x} 78V{life_end}"/>' for x in (PI, MANAGER))
        # Lifelines lie below everything else.
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" role="img">\n'
                f'<!-- Written by scripts/boot_pictures out of scripts/lib/boot_steps.py. -->\n<title>{escape("How it boots: " + self.picture.title)}</title>\n'
                f'<style>{STYLE}</style>\n<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" rx="10"/>\n'
                f'{life}\n' + "\n".join(self.parts) + "\n</svg>\n")


def svg(picture):
    return Drawing(picture).draw()
