"""Finds the places of mutation in Swift sources, from the compiler's typed syntax tree, and rewrites the sources so that
every mutant is present and one is chosen when the tests run (mutant schemata; Untch, Offutt and Harrold, 1993)."""

import dataclasses
import json
import re

COMPARISONS = {"<": "mutantLess", "<=": "mutantAtMost", ">": "mutantMore", ">=": "mutantAtLeast"}
MOVED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
TURNED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
# Mangled names of the types whose signs and constants are changed.
NUMBERS = {"$sSdD": "Double", "$sSfD": "Float", "$sSiD": "Int", "$ss6UInt64VD": "UInt64"}
SIGNED = {"$sSdD", "$sSfD", "$sSiD"}
ARITHMETIC = {"+": "Plus", "-": "Minus", "*": "Times", "/": "Over"}
EXTREMES = {"s:s3minyxx_xtSLRzlF": "mutantMin", "s:s3maxyxx_xtSLRzlF": "mutantMax"}
TOKEN = re.compile(
    rb"[A-Za-z_][A-Za-z0-9_]*|\$\d+|-?\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?")


@dataclasses.dataclass
class Mutant:
    file: str
    line: int
    column: int
    change: str
    number: int = 0

    @property
    def place(self):
        return f"{self.file}:{self.line}:{self.column}"


class Rewriter:
    """One file's tree and text; `mutants` and `rewritten` are its results."""

    def __init__(self, name, text, tree, first):
        self.name, self.text, self.next = name, text, first
        self.mutants, self.edits, self.seen = [], [], set()
        self.visit(tree)

    # Text

    def end(self, place):
        """Where a range ends: the tree tells only where its last token begins."""
        match = TOKEN.match(self.text, place)
        if match:
            return match.end()
        return self.string(place) if self.text[place:place + 1] == b'"' else place + 1

    def string(self, place):
        mark = b'"""' if self.text.startswith(b'"""', place) else b'"'
        place += len(mark)
        while not self.text.startswith(mark, place):
            if self.text.startswith(b"\\(", place):
                place, depth = place + 2, 1
                while depth:
                    character = self.text[place:place + 1]
                    if character == b'"':
                        place = self.string(place)
                        continue
                    depth += {b"(": 1, b")": -1}.get(character, 0)
                    place += 1
            else:
                place += 2 if self.text[place:place + 1] == b"\\" else 1
        return place + len(mark)

    def span(self, node):
        return node["range"]["start"], self.end(node["range"]["end"])

    def add(self, place, change):
        line = self.text.count(b"\n", 0, place) + 1
        column = place - self.text.rfind(b"\n", 0, place)
        self.mutants.append(Mutant(self.name, line, column, change, self.next))
        self.next += 1
        return self.mutants[-1].number

    def wrap(self, start, end, before, after=")"):
        # At one place, what closes ranges comes first, then what opens outer ones; of equal ranges the parent's.
        self.edits.append((start, 1, start - end, len(self.edits), start, before))
        self.edits.append((end, 0, end - start, len(self.edits), end, after))

    def replace(self, start, end, text):
        self.edits.append((start, 2, 0, len(self.edits), end, text))

    @property
    def rewritten(self):
        result, place = [], 0
        for start, _, _, _, end, text in sorted(self.edits):
            result += [self.text[place:start], text.encode()]
            place = max(place, end)
        return b"import Mutants; " + b"".join(result) + self.text[place:]

    # Tree

    def visit(self, node):
        if isinstance(node, list):
            for item in node:
                self.visit(item)
            return
        if not isinstance(node, dict) or node.get("_kind") in ("enum_element_decl", "enum_case_decl"):
            return
        kind = node.get("_kind")
        handler = getattr(self, kind, None) if kind and kind.endswith("_expr") else None
        if handler and not node.get("implicit") and "range" in node:
            # The tree shows some expressions twice.
            key = (kind, node["range"]["start"], node["range"]["end"])
            if key not in self.seen:
                self.seen.add(key)
                handler(node)
        for value in node.values():
            self.visit(value)

    def operator(self, node):
        """Name and place of an operator."""
        function = node.get("fn")
        place = function["range"]["start"] if isinstance(function, dict) and "range" in function else None
        while isinstance(function, dict):
            if "decl" in function:
                return function["decl"].get("base_name"), function["decl"].get("decl_usr"), place
            function = function.get("fn") or function.get("sub_expr")
        return None, None, place

    @staticmethod
    def arguments(node):
        return [argument["expr"] for argument in node.get("args", {}).get("args", [])]

    def binary_expr(self, node):
        name, _, place = self.operator(node)
        arguments = self.arguments(node)
        if name is None or len(arguments) != 2 or not self.text.startswith(name.encode(), place):
            return
        left, right = (self.span(argument) for argument in arguments)
        start, end = self.span(node)
        kind = node.get("type")
        operand = arguments[1].get("type")

        def call(function, number):
            self.wrap(start, end, f"{function}({number}, ")
            self.replace(place, place + len(name), ",")

        if name in COMPARISONS:
            # Tuples are compared, but are no `Comparable`.
            if arguments[0].get("type", "").endswith("tD"):
                self.wrap(start, end, f"mutantNot({self.add(place, f'{name} → {TURNED[name]}')}, ")
            else:
                number = self.add(place, f"{name} → {MOVED[name]}")
                self.add(place, f"{name} → {TURNED[name]}")
                call(COMPARISONS[name], number)
        elif name in ("==", "!="):
            number = self.add(place, f"{name} → {'!=' if name == '==' else '=='}")
            self.wrap(start, end, f"mutantNot({number}, ")
        elif name in ("&&", "||"):
            number = self.add(place, f"{name} → {'||' if name == '&&' else '&&'}")
            call("mutantAnd" if name == "&&" else "mutantOr", number)
        elif name in ARITHMETIC and kind in SIGNED:
            number = self.add(place, f"{name} → {name.translate(str.maketrans('+-*/', '-+/*'))}")
            call(f"mutant{ARITHMETIC[name]}{NUMBERS[kind]}", number)
        elif name in ("+=", "-=") and operand in SIGNED:
            number = self.add(place, f"{name} → {name.translate(str.maketrans('+-', '-+'))}")
            self.wrap(*right, f"mutantSign({number}, ")
        elif name in ("*=", "/=") and operand in ("$sSdD", "$sSfD"):
            number = self.add(place, f"{name} → {'/=' if name == '*=' else '*='}")
            self.wrap(*right, f"mutantInverse({number}, ")

    def prefix_unary_expr(self, node):
        name, _, place = self.operator(node)
        if name == "!":
            self.wrap(*self.span(node), f"mutantNot({self.add(place, '! dropped')}, ")
        elif name == "-" and node.get("type") in SIGNED:
            self.wrap(*self.span(node), f"mutantSign({self.add(place, '- dropped')}, ")

    def call_expr(self, node):
        _, usr, place = self.operator(node)
        if usr in EXTREMES and self.text[place + 3:place + 4] == b"(":
            old = self.text[place:place + 3].decode()
            number = self.add(place, f"{old} → {'max' if old == 'min' else 'min'}")
            self.replace(place, place + 4, f"{EXTREMES[usr]}({number}, ")

    def boolean_literal_expr(self, node):
        start, end = self.span(node)
        if node.get("type") == "$sSbD" and self.text[start:end] in (b"true", b"false"):
            text = self.text[start:end].decode()
            number = self.add(start, f"{text} → {'false' if text == 'true' else 'true'}")
            self.wrap(start, end, f"mutantNot({number}, ")

    def integer_literal_expr(self, node):
        self.number(node)

    def float_literal_expr(self, node):
        self.number(node)

    def number(self, node):
        """n → n + 1, a fraction → half as much again, a negative number → without its sign."""
        kind = NUMBERS.get(node.get("type"))
        start, end = self.span(node)
        text = self.text[start:end].decode()
        if kind is None or not re.fullmatch(r"-?\d[\d_.eE+-]*", text):
            return
        value = float(text.replace("_", ""))
        if value < 0:
            other = text[1:]
        elif value == int(value) and not re.search(r"[eE]", text):
            other = str(int(value) + 1)
        else:
            other = repr(1.5 * value)
        number = self.add(start, f"{text} → {other}")
        self.replace(start, end, f"mutant{kind}({number}, {text}, {other})")


def rewrite(name, text, tree, first):
    rewriter = Rewriter(name, text, tree, first)
    return rewriter.mutants, rewriter.rewritten


def trees(output):
    """One JSON document for each file, by the file's name."""
    decoder, place = json.JSONDecoder(), 0
    found = {}
    while place < len(output):
        if output[place] != "{":
            place += 1
            continue
        tree, place = decoder.raw_decode(output, place)
        found[tree["filename"]] = tree
    return found
