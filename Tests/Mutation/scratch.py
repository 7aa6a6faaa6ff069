"""The scratch package: the modules under mutation, what they and their tests need, and nothing else."""

import dataclasses
import hashlib
import json
import pathlib
import subprocess
import sys

import sites

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCRATCH = ROOT / ".build-mutate"
MODULES = ["Statistics", "Decisions"]


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        print("\n".join((done.stdout + done.stderr).splitlines()[-60:]), file=sys.stderr)
        sys.exit(f"mutate: failed: {' '.join(map(str, command))[:300]}")
    return done.stdout


class Package:
    """The part of the repository's manifest that the tests of the modules reach."""

    def __init__(self):
        manifest = json.loads(run(["swift", "package", "dump-package"], cwd=ROOT))
        self.targets = {target["name"]: target for target in manifest["targets"]}
        self.remotes = {}
        for dependency in manifest["dependencies"]:
            control = dependency["sourceControl"][0]
            self.remotes[control["identity"]] = (
                control["location"]["remote"][0]["urlString"], control["requirement"]["range"][0]["lowerBound"])
        self.wanted = []
        for module in MODULES:
            self.want(module + "Tests")

    def want(self, name):
        if name in self.wanted:
            return
        for dependency, package in self.dependencies(name):
            if package is None:
                self.want(dependency)
        self.wanted.append(name)

    def dependencies(self, name):
        for dependency in self.targets[name]["dependencies"]:
            parts = dependency.get("byName") or dependency.get("target") or dependency["product"]
            yield parts[0], parts[1] if "product" in dependency else None

    def folder(self, name):
        target = self.targets[name]
        return target.get("path") or ("Tests/" if target["type"] == "test" else "Sources/") + name

    def before(self, module):
        """Modules that it imports, those without imports first."""
        reached = []

        def reach(name):
            for dependency, package in self.dependencies(name):
                if package is None and dependency not in reached:
                    reach(dependency)
                    reached.append(dependency)

        reach(module)
        return reached

    @property
    def manifest(self):
        lines, packages = [], set()
        for name in self.wanted:
            parts = []
            for dependency, package in self.dependencies(name):
                if package:
                    packages.add(package.lower())
                    parts.append(f'.product(name: "{dependency}", package: "{package}")')
                else:
                    parts.append(f'"{dependency}"')
            if name in MODULES:
                parts.append('"Mutants"')
            is_test = self.targets[name]["type"] == "test"
            # Tests change all the time and are most of what is built; their own speed hardly matters.
            settings = ".swiftLanguageMode(.v6)" + (', .unsafeFlags(["-Onone"])' if is_test else "")
            lines.append(
                f'.{"testTarget" if is_test else "target"}(name: "{name}", dependencies: [{", ".join(parts)}], '
                f'path: "{self.folder(name)}", swiftSettings: [{settings}]),')
        remotes = [
            f'.package(url: "{url}", from: "{version}"),' for identity, (url, version) in self.remotes.items()
            if identity in packages]
        return "\n".join([
            "// swift-tools-version: 6.2", "import PackageDescription", 'let package = Package(name: "mutants",',
            "platforms: [.macOS(.v15)], dependencies: [", *remotes, "], targets: [",
            '.target(name: "MutantSwitch", path: "Tests/Mutation/MutantSwitch"),',
            '.target(name: "Mutants", dependencies: ["MutantSwitch"], path: "Tests/Mutation/Mutants"),', *lines, "])",
            ""])


def put(path, text):
    """Leaves a file alone that is as it should be, so that nothing is built twice."""
    if not path.exists() or path.read_bytes() != text:
        path.write_bytes(text)


def sources(folder):
    return sorted((ROOT / folder).rglob("*.swift"))


def digest(paths):
    content = hashlib.sha256()
    for path in paths:
        content.update(path.read_bytes())
    return content.hexdigest()


class Memory:
    """What a former run found out, which holds as long as what it was found out from is what it was."""

    def __init__(self, name, state):
        self.path, self.state = SCRATCH / f"{name}.json", state

    def read(self):
        """None where nothing is known."""
        known = json.loads(self.path.read_text()) if self.path.exists() else {}
        return known["found"] if known.get("state") == self.state else None

    def write(self, found):
        self.path.write_text(json.dumps({"state": self.state, "found": found}))


def modules_for_types(package):
    """Swift modules of what the mutated ones import, for the type checker."""
    folder = SCRATCH / "types"
    folder.mkdir(parents=True, exist_ok=True)
    for module in dict.fromkeys(sum((package.before(name) for name in MODULES), [])):
        read = sum((sources(package.folder(name)) for name in package.before(module) + [module]), [])
        memory = Memory(f"types-{module}", digest(read))
        if not memory.read():
            run([
                "swiftc", "-swift-version", "6", "-parse-as-library", "-emit-module", "-I", folder, "-module-name",
                module, "-o", folder / f"{module}.swiftmodule", *sources(package.folder(module))])
            memory.write(True)
    return folder


def write(package):
    """Writes the rewritten sources; returns the mutants, numbered from 1 without gaps."""
    known = dict.fromkeys(sum((package.before(name) + [name] for name in MODULES), []))
    read = sum((sources(package.folder(name)) for name in known), []) + [HERE / "sites.py"]
    memory = Memory("mutants", digest(read) + package.manifest)
    if mutants := memory.read():
        return [sites.Mutant(**mutant) for mutant in mutants]
    types, place = modules_for_types(package), SCRATCH / "package"
    mutants, files = [], {}
    for module in MODULES:
        folder = package.folder(module)
        output = run([
            "swiftc", "-frontend", "-dump-ast", "-dump-ast-format", "json", "-swift-version", "6", "-parse-as-library",
            "-I", types, "-module-name", module,
            *(part for path in sources(folder) for part in ("-primary-file", path))])
        for path, tree in sorted(sites.trees(output).items()):
            path = pathlib.Path(path)
            name, text = str(path.relative_to(ROOT)), path.read_bytes()
            if "/Decisions/Planning" in name:
                files[name] = text
                continue
            found, files[name] = sites.rewrite(name.removeprefix("Sources/"), text, tree, len(mutants) + 1)
            mutants += found
    for name in package.wanted:
        link = place / package.folder(name)
        if name in MODULES:
            for path in link.rglob("*.swift"):
                if str(path.relative_to(place)) not in files:
                    path.unlink()
        else:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(ROOT / package.folder(name))
    for name in ["MutantSwitch", "Mutants"]:
        link = place / "Tests/Mutation" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(HERE / name)
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, text)
    put(place / "Package.swift", package.manifest.encode())
    memory.write([dataclasses.asdict(mutant) for mutant in mutants])
    return mutants


def build():
    """Returns the test binary."""
    place = SCRATCH / "package"
    flags = ["-c", "release", "-Xswiftc", "-enable-testing"]
    run(["swift", "build", "--build-tests", *flags], cwd=place)
    return pathlib.Path(run(["swift", "build", "--show-bin-path", *flags], cwd=place).strip()) / "mutantsPackageTests.xctest"
