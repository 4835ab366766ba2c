#!/usr/bin/env python3
"""Makes docs/demo.svg and docs/why.svg from what the program really prints: runs the demonstration on a terminal of its own, sends it mail, draws the
text with its colours. Needs nothing but Python, the ports 2525 and 8025 of loopback, and 40 seconds. Usage: docs/picture.py"""

import fcntl
import html
import json
import os
import pty
import re
import select
import signal
import smtplib
import struct
import subprocess
import sys
import termios
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "36": "#79c0ff"}
PAPER, TEXT, DIM = "#0d1117", "#e6edf3", "#7d8590"
CELL, LINE, MARGIN = 8.0, 19, 20


class Terminal:
    """A program on a pseudo-terminal, and all that it has printed."""

    def __init__(self, *command):
        self.printed = b""
        self.pid, self.master = pty.fork()
        if self.pid != 0:
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ.update(TERM="xterm-256color", COLUMNS="160", LANG="C.UTF-8")
            os.environ.pop("NO_COLOR", None)
            os.execv(command[0], command)

    def read_until(self, words, seconds):
        end = time.monotonic() + seconds
        while words is None or words not in self.text():
            left = end - time.monotonic()
            if left <= 0:
                if words is None:
                    return
                sys.exit(f"picture.py: no {words!r} within {seconds} s; printed was:\n{self.text()}")
            if select.select([self.master], [], [], left)[0]:
                try:
                    got = os.read(self.master, 65536)
                except OSError:  # the program has ended
                    return
                if not got:
                    return
                self.printed += got

    def text(self):
        return self.printed.decode("utf-8", "replace")

    def end(self):
        self.read_until(None, 5)
        os.waitpid(self.pid, 0)


def send(sender, recipient, subject):
    with smtplib.SMTP("127.0.0.1", 2525, "app.example.test") as smtp:
        smtp.sendmail(sender, [recipient], f"From: {sender}\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\nHello.\r\n")


def runs(line):
    """The line as (text, colour, bold)."""
    colour, bold = TEXT, False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not code:
            if part:
                yield part, colour, bold
            continue
        for number in code.group(1).split(";"):
            if number in ("", "0"):
                colour, bold = TEXT, False
            elif number == "1":
                bold = True
            elif number == "2":
                colour = DIM
            elif number in COLOURS:
                colour = COLOURS[number]


def draw(name, title, printed):
    # What only prepares the terminal is no text.
    lines = [re.sub(r"\x1b(\[[0-9;?]*[A-Za-ln-z]|[=>])", "", line) for line in printed.replace("\r", "").strip("\n").split("\n")]
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    width = max(len(line) for line in plain) * CELL + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" role="img" aria-label="{html.escape(title)}">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="13" xml:space="preserve">',
    ]
    for row, line in enumerate(lines):
        column = 0
        for text, colour, bold in runs(line):
            if text.strip():
                # Each run has its width written down, so that columns stand whatever the font is.
                lead = len(text) - len(text.lstrip())
                shown = text.strip()
                x = MARGIN + (column + lead) * CELL
                y = MARGIN + row * LINE + 14
                weight = ' font-weight="bold"' if bold else ""
                out.append(f'<text x="{x:.1f}" y="{y}" fill="{colour}"{weight} textLength="{len(shown) * CELL:.1f}" lengthAdjust="spacingAndGlyphs">{html.escape(shown)}</text>')
            column += len(text)
    out += ["</g>", "</svg>", ""]
    with open(os.path.join(ROOT, "docs", name), "w", encoding="utf-8") as file:
        file.write("\n".join(out))


def main():
    subprocess.run([os.path.join(ROOT, "run.sh"), "--version"], check=True, stdout=subprocess.DEVNULL)
    demo = Terminal("./run.sh", "demo")
    try:
        demo.read_until("Send something", 20)
        demo.read_until(None, 1)
        send("shop@example.test", "you@example.test", "Your order 1017")
        demo.read_until("1017", 5)
        demo.read_until(None, 1)
        send("shop@example.test", "ann@trouble.example.test", "Your invoice")
        demo.read_until(None, 1)
        send("shop@example.test", "nobody@example.test", "Welcome")
        demo.read_until("Not delivered", 5)
        demo.read_until(None, 4)
        with urllib.request.urlopen("http://127.0.0.1:8025/api/v1/queue", timeout=5) as answer:
            waiting = json.load(answer)["messages"][0]["id"]
        why = Terminal("./run.sh", "why", waiting)
        why.end()
        demo.read_until("Your invoice", 60)
        demo.read_until(None, 1)
    finally:
        os.kill(demo.pid, signal.SIGINT)
        demo.end()
    draw("demo.svg", "The demonstration: a message that arrives, one that is retried, one that is returned", "\x1b[2m$\x1b[0m ./run.sh\n" + demo.text().replace("\r", ""))
    draw("why.svg", "postern why: every attempt with what was said", f"\x1b[2m$\x1b[0m ./run.sh why {waiting}\n" + why.text())


main()
