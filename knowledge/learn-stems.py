#!/usr/bin/env python3
"""Learns knowledge/reply-stems.toml: python3 learn-stems.py REPLIES.jsonl... > reply-stems.toml

Each file has a labelled reply per line ({"reply": "550 ...", "label": "mailbox-unknown", "alt": ["..."], "weight": 1}). The examples of the rows of replies.toml
are learned from as well. The replies themselves are kept out of this repository: they are other people's texts; what stays of them is which beginnings of words go
with which label. Softmax regression over stems that occur often enough; nothing but the standard library.
"""
import collections
import json
import math
import pathlib
import random
import re
import sys
import tomllib
import unicodedata

SINGLE, PAIR = 6, 5         # ReplyStems.Single, ReplyStems.Pair
SHARE = 0.5                 # of what was learned: stems tip the scales, rows of replies.toml decide. Chosen on replies not learned from.
LEAST = 0.12                # weights nearer to 0 are left out
OFTEN = 3                   # texts that must have a stem before it counts


def plain(reply):
    """Near enough to ReplyPlainText: words without accents and punctuation, ~ for a host, @ for a mail address, # for an IP address."""
    words = []
    for line in reply.lower().split("\n"):
        line = re.sub(r"^(smtp;)?\s*[2-5]\d\d(?=[ \-#]|$)[ -]?", "", line)
        line = re.sub(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)", " ", line)
        line = re.sub(r"https?://\S+", " ~ ", line)
        for token in re.split(r"[\s<>\[\]()\"{}|]+", line):
            token = token.strip(".,;:!?*'`-_=")
            if re.search(r".@.", token):
                words.append("@")
            elif re.fullmatch(r"(\d+\.){3}\d+|[0-9a-f]*:[0-9a-f:]*:[0-9a-f:.]*", token):
                words.append("#")
            elif re.fullmatch(r"([\w-]+\.){2,}[a-z]+|[\w-]+\.(com|net|org|de|fr|uk|jp|ru|example|invalid|test)", token):
                words.append("~")
            else:
                token = "".join(c for c in unicodedata.normalize("NFKD", token) if not unicodedata.combining(c)).replace("ß", "s")
                words += re.sub(r"[\W_]+", " ", re.sub(r"['’`´]", "", token)).split()
    return words


def stems(reply):
    words = [w for w in plain(reply) if not any(c.isdigit() for c in w)]
    return {w[:SINGLE] for w in words} | {f"{a[:PAIR]} {b[:PAIR]}" for a, b in zip(words, words[1:])}


def learn(texts, labels, rounds=25):
    """texts: (stems, {label: share}, weight). Returns stem -> weights in the order of labels."""
    count = collections.Counter(s for found, _, _ in texts for s in found)
    texts = [(sorted(s for s in found if count[s] >= OFTEN), want, weight) for found, want, weight in texts]
    weights = collections.defaultdict(lambda: [0.0] * len(labels))
    spread = collections.defaultdict(lambda: [1e-3] * len(labels))
    chance = random.Random(1)
    for _ in range(rounds):
        chance.shuffle(texts)
        for found, want, weight in texts:
            scores = [sum(weights[s][k] for s in found) for k in range(len(labels))]
            odds = [math.exp(v - max(scores)) for v in scores]
            slope = [o / sum(odds) - want.get(label, 0) for o, label in zip(odds, labels)]
            for s in found:
                row, seen = weights[s], spread[s]
                for k, g in enumerate(slope):
                    g = weight * g + 0.002 * row[k]
                    if abs(g) < 1e-4:
                        continue
                    seen[k] += g * g
                    row[k] -= 0.15 * g / math.sqrt(seen[k])
    return weights


def main(files):
    rows = tomllib.loads(pathlib.Path(__file__).with_name("replies.toml").read_text())["rows"]
    # The examples of rows that look at codes alone have no words of their own.
    replies = [{"reply": row["example"], "label": row["label"]} for layer in ("provider", "server", "phrase") for row in rows[layer]]
    own = len(replies)
    for file in files:
        replies += [json.loads(line) for line in open(file) if line.strip()]
    labels = sorted({r["label"] for r in replies})
    texts = []
    for r in replies:
        alt = [a for a in r.get("alt", []) if a in labels]
        want = {r["label"]: 0.8 if alt else 1.0} | {a: 0.2 / len(alt) for a in alt}
        texts.append((stems(r["reply"]), want, r.get("weight", 1)))
    learned = learn(texts, labels)
    print("# Beginnings of words and of pairs of them, with what each adds to labels in log-odds. Written by learn-stems.py; not edited by hand.")
    print(f"# Learned from {len(replies)} labelled replies and phrases, {own} of them the examples of replies.toml.\n[stems]")
    for stem in sorted(learned):
        middle = sum(learned[stem]) / len(labels)
        kept = [(SHARE * (w - middle), label) for w, label in zip(learned[stem], labels)]
        kept = sorted(((w, label) for w, label in kept if abs(w) >= LEAST), key=lambda k: (-abs(k[0]), k[1]))[:6]
        if kept:
            print(f'{json.dumps(stem, ensure_ascii=False)} = "{" ".join(f"{label} {w:.2f}" for w, label in kept)}"')


if __name__ == "__main__":
    main(sys.argv[1:])
