"""Writes the bill of materials of a release as SPDX 2.3 JSON (https://spdx.github.io/spdx-spec/v2.3):

sbom.py VERSION EPOCH PROGRAM DEPENDENCIES LIBRARIES > sluice.spdx.json

DEPENDENCIES is what `swift package show-dependencies --format json` prints, LIBRARIES what libraries.py does.
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import time


def licence(folder):
    """The SPDX expression of a licence file, told by the words that only it has; NOASSERTION for any other."""
    for path in sorted(pathlib.Path(folder).glob("LICENSE*")):
        text = path.read_text(encoding="utf-8")
        if "Apache License" in text:
            return "Apache-2.0 WITH Swift-exception" if "Runtime Library Exception" in text else "Apache-2.0"
        if "Permission is hereby granted, free of charge" in text:
            return "MIT"
    return "NOASSERTION"


def package(name, version, location, declared, purl, identifier=None):
    return {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", identifier or name),
        "name": name,
        "versionInfo": version,
        "downloadLocation": location,
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": declared,
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        ],
    }


def swift_packages(node):
    """Every package below the root, once."""
    found = {}

    def walk(node):
        for below in node["dependencies"]:
            url = below["url"].removesuffix(".git")
            revision = subprocess.run(
                ["git", "-C", below["path"], "rev-parse", "HEAD"], check=True, capture_output=True, text=True
            ).stdout.strip()
            purl = f"pkg:swift/{url.removeprefix('https://')}@{below['version']}"
            found[url] = package(
                below["name"], below["version"], f"git+{url}@{revision}", licence(below["path"]), purl)
            walk(below)

    walk(node)
    return [found[url] for url in sorted(found)]


def main(version, epoch, program, dependencies, libraries):
    digest = {
        name: hashlib.new(name, pathlib.Path(program).read_bytes()).hexdigest() for name in ("sha1", "sha256")
    }
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True).stdout.strip()
    system = dict(
        line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    distribution = f"{system['ID']}-{system['VERSION_ID']}".replace('"', "")
    root = package("sluice", version, "NOASSERTION", licence("."), f"pkg:generic/sluice@{version}")
    root["primaryPackagePurpose"] = "APPLICATION"
    file = {
        "SPDXID": "SPDXRef-Program",
        "fileName": "./bin/sluice",
        "fileTypes": ["BINARY"],
        "checksums": [
            {"algorithm": name.upper(), "checksumValue": value} for name, value in sorted(digest.items())
        ],
        "licenseConcluded": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }
    compiler = subprocess.run(["swiftc", "--version"], check=True, capture_output=True, text=True).stdout
    swift = re.search(r"Swift version (\S+)", compiler).group(1)
    runtime = package(
        "swift-runtime", swift, "https://www.swift.org/install/linux", "Apache-2.0 WITH Swift-exception",
        f"pkg:generic/swift-runtime@{swift}")
    packages, relationships = [root], []

    def relate(element, kind, other):
        relationships.append(
            {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": other})

    relate("SPDXRef-DOCUMENT", "DESCRIBES", root["SPDXID"])
    relate(file["SPDXID"], "GENERATED_FROM", root["SPDXID"])
    for below in [*swift_packages(json.loads(pathlib.Path(dependencies).read_text())), runtime]:
        packages.append(below)
        relate(root["SPDXID"], "STATIC_LINK", below["SPDXID"])
    rows = [line.split("\t") for line in pathlib.Path(libraries).read_text().splitlines()]
    names = {row[2]: row[3] for row in rows}
    direct = {row[2] for row in rows if row[4] == "direct"}
    for name in sorted(names):
        below = package(
            name, names[name], "NOASSERTION", "NOASSERTION",
            f"pkg:deb/debian/{name.replace('+', '%2B')}@{names[name].replace('+', '%2B').replace(':', '%3A')}"
            f"?arch={architecture}&distro={distribution}", identifier="deb-" + name)
        packages.append(below)
        relate(root["SPDXID"], "DYNAMIC_LINK" if name in direct else "DEPENDS_ON", below["SPDXID"])
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"sluice-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/sluice-{version}-{digest['sha256']}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch))),
            "creators": ["Tool: sluice-release"],
        },
        "packages": packages,
        "files": [file],
        "relationships": relationships,
    }
    json.dump(document, sys.stdout, indent=1, sort_keys=True)
    print()


main(*sys.argv[1:])
