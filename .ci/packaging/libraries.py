"""Lists the shared libraries that a program loads, and the Debian packages that they come from: libraries.py PROGRAM

A line each: name, path, package, version, how (needed by the program itself: direct; by a library: indirect; part of the
C library, which no bundle can bring: system), between tabs.
"""

import os
import re
import subprocess
import sys


def output(*command):
    environment = {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def owner(path):
    """The package that a file is of; on a merged /usr the package may know it without /usr."""
    real = os.path.realpath(path)
    for known in (real, real.removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "-S", known], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(": ")[0].split(",")[0]
    sys.exit(f"sluice: {path} is of no Debian package, so it can't be shipped; unset LD_LIBRARY_PATH or install the package.")


def main(program):
    dynamic = output("readelf", "-d", program)
    direct = set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))
    loader = os.path.basename(re.search(r"interpreter: (.+)\]", output("readelf", "-l", program)).group(1))
    rows = []
    for line in output("ldd", program).splitlines():
        words = line.split()
        if "not found" in line:
            sys.exit(f"sluice: the library {words[0]} is missing on this machine; .ci/setup installs it.")
        path = next((word for word in words if word.startswith("/")), None)
        if path is None:  # The kernel's own.
            continue
        name = os.path.basename(words[0])
        package = owner(path)
        version = output("dpkg-query", "-W", "-f=${Version}", package)
        package = package.split(":")[0]
        system = name == loader or package == "libc6"
        rows.append((name, path, package, version, "system" if system else "direct" if name in direct else "indirect"))
    for row in sorted(rows):
        print("\t".join(row))


main(sys.argv[1])
