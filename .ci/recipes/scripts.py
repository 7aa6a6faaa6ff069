"""Reads every recipe and writes each shell script in it to a file of its own, for shellcheck: scripts.py RECIPES FOLDER

Expressions of GitHub and Azure within a script would put other people's text into it, so they are errors. A Jenkinsfile has to be
Groovy by its grammar, and a secret may only be named where the shell reads it.
"""

import pathlib
import re
import sys

import tree_sitter
import tree_sitter_groovy
import yaml

SHELL_KEYS = {"run": "bash", "bash": "bash", "before_script": "sh", "script": "sh"}


def scripts(node):
    """Every script in a YAML document, with its shell."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in SHELL_KEYS and isinstance(value, (str, list)):
                yield SHELL_KEYS[key], "\n".join(value) if isinstance(value, list) else value
            else:
                yield from scripts(value)
    elif isinstance(node, list):
        for value in node:
            yield from scripts(value)


def errors(node):
    """Places that the grammar can't read."""
    if node.is_error or node.is_missing:
        yield node.start_point.row + 1
    for child in node.children:
        yield from errors(child)


def main(recipes, folder):
    count = 0
    for path in sorted(pathlib.Path(recipes).rglob("*")):
        found = []
        if path.suffix == ".yml":
            # The loader must not take a workflow's key `on` for true.
            found = list(scripts(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)))
            if any(re.search(r"\$\{\{|\$\[|\$\(\w+\.\w+\)", text) for _, text in found):
                sys.exit(f"{path}: an expression within a script; hand the value over in env")
        elif path.suffix == ".Jenkinsfile" or path.name == "Jenkinsfile":
            text = path.read_bytes()
            parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
            for line in errors(parser.parse(text).root_node):
                sys.exit(f"{path}:{line}: not Groovy")
            found = [("sh", script) for script in re.findall(r"script: '''\n(.*?)'''", text.decode(), re.DOTALL)]
            found += [("sh", script) for script in re.findall(r"\bsh '([^'\n]+)'", text.decode())]
            # Groovy reads backslashes within any quotes.
            found = [(shell, re.sub(r"\\([\\'\"])", r"\1", script)) for shell, script in found]
            if not found:
                sys.exit(f"{path}: no script in single quotes, where the shell and not Groovy reads the variables")
        for shell, text in found:
            count += 1
            target = pathlib.Path(folder) / f"{count:02}-{path.name}"
            target.write_text(f"#!/bin/{shell}\n{text}\n", encoding="utf-8")
    if count == 0:
        sys.exit(f"{recipes}: no scripts")


main(*sys.argv[1:])
