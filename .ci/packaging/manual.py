"""Writes the manual page from what the program says of itself: sluice --experimental-dump-help | manual.py VERSION EPOCH > sluice.1"""

import json
import sys
import time


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return "\n".join("\\&" + line if line.startswith(".") else line for line in text.split("\n"))


def prose(text):
    """Paragraphs are filled; indented lines, which are examples and tables, stay as they are."""
    lines = []
    literal = False
    for line in text.split("\n"):
        if line.startswith(" ") != literal and line:
            literal = not literal
            lines.append(".RS 2\n.nf" if literal else ".fi\n.RE")
        lines.append(escaped(line.strip()) if line else (".PP" if not literal else ""))
    if literal:
        lines.append(".fi\n.RE")
    return "\n".join(lines)


def name(option):
    dashes = {"long": "--", "longWithSingleDash": "-", "short": "-"}
    return dashes[option["kind"]] + option["name"]


def synopsis(command):
    parts = []
    for argument in shown(command):
        value = f"\\fI{escaped(argument.get('valueName', ''))}\\fR"
        if argument["kind"] == "positional":
            part = value
        else:
            part = f"\\fB{escaped(name(argument['preferredName']))}\\fR"
            if argument["kind"] == "option":
                part += " " + value
        if argument["isOptional"]:
            part = f"[{part}]"
        parts.append(part + ("..." if argument["isRepeating"] else ""))
    return " ".join(parts)


def shown(command):
    """Without --help and --version, which every command has."""
    return [
        argument
        for argument in command.get("arguments", [])
        if argument["shouldDisplay"] and argument.get("valueName") not in ("help", "version")
    ]


def options(command):
    for argument in shown(command):
        value = f"\\fI{escaped(argument.get('valueName', ''))}\\fR"
        if argument["kind"] == "positional":
            term = value
        else:
            term = ", ".join(f"\\fB{escaped(name(n))}\\fR" for n in argument["names"])
            if argument["kind"] == "option":
                term += " " + value
        yield f".TP\n{term}"
        default = argument.get("defaultValue")
        yield escaped(argument.get("abstract", "")) + (escaped(f" (default: {default})") if default else "")


def sections(command, path=()):
    path = (*path, command["commandName"])
    if path[-1] == "help":
        return
    subcommands = command.get("subcommands", [])
    if len(path) > 1 and not subcommands:
        yield f".SS {escaped(' '.join(path))}"
        yield f"\\fB{escaped(' '.join(path))}\\fR {synopsis(command)}\n.PP"
        yield prose(command.get("abstract", ""))
        if command.get("discussion"):
            yield ".PP\n" + prose(command["discussion"])
        yield from options(command)
    for subcommand in subcommands:
        if subcommand["shouldDisplay"]:
            yield from sections(subcommand, path)


def main():
    version, epoch = sys.argv[1], int(sys.argv[2])
    root = json.load(sys.stdin)["command"]
    abstract = root["abstract"].rstrip(".")
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    print(f'.TH SLUICE 1 {date} "Sluice {version}" "User Commands"')
    print(f".SH NAME\nsluice \\- {escaped(abstract)}")
    print(".SH SYNOPSIS\n\\fBsluice\\fR \\fIcommand\\fR [\\fIoptions\\fR]")
    print(".SH DESCRIPTION\n" + prose(root["discussion"]))
    print(".SH COMMANDS\nEach has \\fB\\-\\-help\\fR and \\fB\\-\\-version\\fR too.")
    for text in sections(root):
        print(text)


main()
