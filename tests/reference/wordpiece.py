#!/usr/bin/env python3
"""Compares our WordPiece with the reference implementation (PyPI `tokenizers`), text by text.

    tests/reference/wordpiece.py WORDPIECE_IDS TOKENIZER.json [TOOLS.jsonl...]

Texts: each character of Unicode once, random mixtures, and every string of the JSON lines given (also
of MCPO_TOOL_TEXTS). Texts with NUL are left out (they separate texts). Exit 1 when a text differs, 77
when something needed is not here.
"""
import json
import os
import random
import subprocess
import sys
import unicodedata


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def reference(path, Tokenizer):
    """Special tokens are plain text for us, and settings for padding and truncation do not count."""
    settings = json.load(open(path))
    settings.update(added_tokens=[], truncation=None, padding=None, post_processor=None)
    return Tokenizer.from_str(json.dumps(settings))


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings_of(item)


# Their category changed after Unicode 8, which the reference's tables are of.
CHANGED = {0x166D, 0x1734, 0x1885, 0x1886}


def characters():
    """Old ones: of those that came after Unicode 8 the reference does not know what they are."""
    old = unicodedata.ucd_3_2_0
    for code in range(1, 0x110000):
        character = chr(code)
        if code not in CHANGED and not 0xD800 <= code < 0xE000 and old.category(character) != "Cn":
            yield f"a{character}b {character}"


def mixtures(count):
    chance = random.Random(7)
    alphabet = " \t\n'-_.,/[]#@éÉüßİıñçşŁøæﬁ½²日本語検索한국어ПриветйΣςΩ\u200b\u00ad\ufffd\u0301🙂€…“”"
    for _ in range(count):
        words = ["".join(chance.choices("abcdefgh", k=chance.randint(1, 9))) for _ in range(9)]
        yield "".join(w + chance.choice(alphabet) * chance.randint(0, 2) for w in words)


def main(arguments):
    try:
        from tokenizers import Tokenizer
    except ImportError:
        skip("the Python package `tokenizers` is not installed")
    if len(arguments) < 2 or not os.path.exists(arguments[1]):
        skip("the model's tokenizer.json is not here (./do setup)")
    texts = list(characters()) + list(mixtures(5000))
    generated = len(texts)
    for path in arguments[2:] + os.environ.get("MCPO_TOOL_TEXTS", "").split():
        for line in open(path):
            texts.extend(strings_of(json.loads(line)))
    texts = [t for t in texts if "\0" not in t and not any(0xD800 <= ord(c) < 0xE000 for c in t)]
    stdin = "".join(t + "\0" for t in texts).encode()
    ours = subprocess.run(arguments[:2], input=stdin, stdout=subprocess.PIPE, check=True).stdout
    theirs = reference(arguments[1], Tokenizer).encode_batch(texts, add_special_tokens=False)
    different = [
        (text, line.split(), other)
        for text, line, other in zip(texts, ours.decode().splitlines(), theirs, strict=True)
        if list(map(int, line.split())) != other.ids
    ]
    for text, line, other in different[:20]:
        print(f"{text[:80]!a}: ours {' '.join(line[:40])}, reference {other.ids[:40]}")
    print(f"{len(texts) - len(different)} of {len(texts)} texts agree ({generated} of them generated)")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
