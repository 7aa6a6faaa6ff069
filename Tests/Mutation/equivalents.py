"""Mutants that behave like the original, each with the reason: equivalents.txt, three lines an entry.

    Statistics/File.swift  < → <=  [the how-manieth such change in the line, where it is not the first]
      the source line, without the spaces around it
      why nothing can tell the mutant from the original

Entries go by the line's text, so that they follow it where it moves and end where it changes.
"""

import pathlib
import re
import sys

import scratch

PATH = pathlib.Path(__file__).resolve().parent / "equivalents.txt"


def read(mutants):
    """Numbers of the mutants that are listed. Ends with an error for an entry that fits none."""
    places, texts = {}, {}
    for mutant in mutants:
        if mutant.file not in texts:
            texts[mutant.file] = (scratch.ROOT / "Sources" / mutant.file).read_text().splitlines()
        line = texts[mutant.file][mutant.line - 1].strip()
        places.setdefault((mutant.file, mutant.change, line), []).append(mutant)
    listed, stale = set(), []
    lines = [line for line in PATH.read_text().splitlines() if line.strip() and not line.startswith("#")]
    for head, line, reason in zip(*[iter(lines)] * 3):
        match = re.fullmatch(r"(\S+)  (.+?)(?:  (\d+))?", head)
        place = int(match[3] or 1) if match else 0
        # A line that stands several times in its file means the same each time.
        found = places.get((match[1], match[2], line.strip()), []) if match else []
        rows = sorted({mutant.line for mutant in found})
        fitting = [
            same[place - 1] for row in rows
            if len(same := sorted((m for m in found if m.line == row), key=lambda m: m.column)) >= place]
        if not fitting or not reason.startswith("  "):
            stale.append(head)
        listed.update(mutant.number for mutant in fitting)
    if stale or len(lines) % 3:
        sys.exit("mutate: entries of equivalents.txt that fit no mutant: " + "; ".join(stale or lines[-1:]))
    return listed
