// The work of .ci/modules: reads `swift package dump-package` on standard input. Its readers of Swift are in .ci/house.
import Foundation

/// What `swift package dump-package` says, as far as it is needed.
struct Manifest: Decodable {
  struct Target: Decodable {
    let name: String
    let type: String
    let path: String?
    let dependencies: [Dependency]

    var imports: [String] { dependencies.map(\.name) }
    var folder: String { path ?? (type == "test" ? "Tests/" : "Sources/") + name }
  }

  /// `{"byName": ["Core", null]}`, or `product` or `target` in the same way.
  struct Dependency: Decodable {
    let name: String

    init(from decoder: any Decoder) throws {
      let parts = try decoder.singleValueContainer().decode([String: [Part]].self)
      name = parts.values.first?.first?.text ?? ""
    }

    struct Part: Decodable {
      let text: String?

      init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
    }
  }

  let targets: [Target]
}

/// Modules and what they import, without tests and benchmarks.
struct House {
  let targets: [Manifest.Target]
  private let imports: [String: [String]]

  init(_ manifest: Manifest) {
    targets = manifest.targets
    let parts = targets.filter { $0.type != "test" && $0.folder.hasPrefix("Sources/") && $0.name != "sluice-bench" }
    imports = Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0.imports) })
  }

  /// Modules in the order of Package.swift.
  var modules: [Manifest.Target] { targets.filter { imports[$0.name] != nil } }

  /// Everything below a module, packages included.
  func below(_ module: String) -> Set<String> {
    (imports[module] ?? []).reduce(into: []) { all, name in all.formUnion(below(name).union([name])) }
  }

  private func layer(_ module: String) -> Int {
    let inside = (imports[module] ?? []).filter { imports[$0] != nil }
    return inside.isEmpty ? 0 : 1 + (inside.map(layer).max() ?? 0)
  }

  /// What a module imports, without what it reaches through another of its imports.
  private func arrows(_ module: String) -> [String] {
    let all = imports[module] ?? []
    return all.filter { name in !all.contains { $0 != name && below($0).contains(name) } }
  }

  /// A line for each module, the highest layer first.
  var drawing: String {
    let width = modules.map(\.name.count).max() ?? 0
    let layers = Dictionary(grouping: modules) { layer($0.name) }
    return layers.sorted { $0.key > $1.key }.flatMap { layer, members in
      members.enumerated().map { index, module in
        let below = arrows(module.name)
        let name = module.name.padding(toLength: width, withPad: " ", startingAt: 0)
        return (index == 0 ? "\(layer)" : " ") + "  "
          + (below.isEmpty ? module.name : "\(name)  → \(below.joined(separator: ", "))")
      }
    }.joined(separator: "\n")
  }
}

/// What the design forbids and no compiler does.
struct Rules {
  let house: House

  /// Modules without input and output: a verdict depends on what was seen alone.
  private static let reaches: [String: Set<String>] = [
    "Core": [], "Kinds": ["Core"], "Statistics": ["Core"], "Decisions": ["Core", "Statistics"],
  ]
  /// Libraries that one module wraps for all.
  private static let owners = [
    "CLibcurl": ["Targets"], "CLibxml2": ["Reports"], "CLibsodium": ["Evidence"], "CZlib": ["Evidence"],
    "CLibarchive": ["Suites"], "GRDB": ["Evidence"], "GRDBSQLite": ["Evidence"], "FlyingFox": ["Review"],
    "COpenBLAS": ["ReferenceProduct"], "ArgumentParser": ["sluice"],
  ]
  private static let longest = 300
  /// Files that are longer, and why they are one file.
  private static let long = [
    "Sources/ChatTemplates/Syntax/Lexer.swift": "one automaton",
    "Sources/ChatTemplates/Syntax/Parser+Expressions.swift": "one grammar, a function a rule",
    "Sources/Core/Redactor.swift": "every disguise of a secret beside the others, so that none is forgotten",
    "Sources/Decisions/Metric.swift": "the list of metrics",
  ]

  func broken() throws -> [String] {
    let outlines = try Dictionary(
      uniqueKeysWithValues: house.targets.filter { $0.folder.hasPrefix("Sources/") }.map { target in
        (
          target.name,
          try Self.swiftFiles(target.folder).map {
            Outline(
              file: String($0.dropFirst(target.folder.count + 1)), text: try String(contentsOfFile: $0, encoding: .utf8)
            )
          }
        )
      })
    return try arrows + imports() + lengths() + cycles(outlines) + comments(outlines)
  }

  private func cycles(_ outlines: [String: [Outline]]) -> [String] {
    outlines.sorted { $0.key < $1.key }.flatMap { module, outlines in
      let folders = Folders(outlines)
      return folders.cycles.map { cycle in
        let names = cycle.map { $0.isEmpty ? module : $0 }.joined(separator: ", ")
        return "folders of \(module) use each other: \(names)\n"
          + folders.arrows(among: cycle).map { "  \($0.from) names \($0.symbol) of \($0.to)" }.joined(separator: "\n")
      }
    }
  }

  private func comments(_ outlines: [String: [Outline]]) -> [String] {
    let all = outlines.values.flatMap(\.self)
    return house.targets.flatMap { target -> [String] in
      guard let own = outlines[target.name] else { return [] }
      return Comments(of: own, all: all).missing.map { file, symbol in
        "\(target.folder)/\(file):\(symbol.line): \(symbol.keyword) \(symbol.name) is public and has no comment"
      }
    }
  }

  private var arrows: [String] {
    house.modules.flatMap { module -> [String] in
      let below = house.below(module.name)
      let strange = Self.reaches[module.name].map { below.subtracting($0).sorted() } ?? []
      let foreign = module.imports.filter { Self.owners[$0].map { !$0.contains(module.name) } ?? false }
      return (strange + foreign).map { "\(module.name) may not import \($0)" }
    }
  }

  private func imports() throws -> [String] {
    // A target's hyphen is an underscore in its module's name.
    func module(_ target: String) -> String { target.replacing("-", with: "_") }
    let known = Set(house.targets.flatMap { [$0.name] + $0.imports }.map(module))
    return try house.targets.filter { $0.type != "system" }.flatMap { target -> [String] in
      let files = try Self.swiftFiles(target.folder)
      var used: Set<String> = []
      for file in files {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        for found in text.matches(
          of: #/(?m)^ *(?:@[a-z]+ )?(?:[a-z]+ )?import (?:(?:struct|class|enum|func|protocol) )?(\w+)/#)
        {
          used.insert(String(found.1))
        }
      }
      used.formIntersection(known)
      let declared = Set(target.imports.map(module))
      return used.subtracting(declared).sorted().map { "\(target.name) imports \($0), which Package.swift doesn't say" }
        + declared.subtracting(used).sorted().map { "\(target.name) does not import \($0), as Package.swift says" }
    }
  }

  private func lengths() throws -> [String] {
    let counts = try Dictionary(
      uniqueKeysWithValues: Self.swiftFiles("Sources").map {
        (
          $0,
          try String(contentsOfFile: $0, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).count
            - 1
        )
      })
    let long = counts.filter { $0.value > Self.longest }
    return long.filter { Self.long[$0.key] == nil }.map { "\($0.key) has \($0.value) lines: divide it" }.sorted()
      + Self.long.keys.filter { long[$0] == nil }.map { "\($0) is no longer long: take it out of .ci/modules.swift" }
      .sorted()
  }

  private static func swiftFiles(_ folder: String) throws -> [String] {
    guard let names = FileManager.default.enumerator(atPath: folder) else { return [] }
    return names.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.map { "\(folder)/\($0)" }.sorted()
  }
}

/// The page that shows the house.
struct Page {
  static let path = "Sources/sluice/Sluice.docc/House.md"
  private static let opening = "<!-- Written by .ci/modules --write -->\n```text\n"
  private static let closing = "\n```"
  private var text: String

  init() throws { text = try String(contentsOfFile: Self.path, encoding: .utf8) }

  private var place: Range<String.Index>? {
    guard let start = text.firstRange(of: Self.opening)?.upperBound,
      let end = text[start...].firstRange(of: Self.closing)?.lowerBound
    else { return nil }
    return start..<end
  }

  func broken(_ house: House) -> [String] {
    guard let place else { return ["\(Self.path) has no place for the drawing"] }
    return (text[place] == house.drawing ? [] : ["the drawing in \(Self.path) is old: .ci/modules --write"])
      + house.modules.filter { !text.contains("\n| `\($0.name)` |") }.map { "\(Self.path) has no row for \($0.name)" }
  }

  mutating func write(_ house: House) throws {
    guard let place else { fail("\(Self.path) has no place for the drawing", 1) }
    text.replaceSubrange(place, with: house.drawing)
    try Data(text.utf8).write(to: URL(filePath: Self.path))
  }
}

func fail(_ message: String, _ code: Int32) -> Never {
  FileHandle.standardError.write(Data((message + "\n").utf8))
  exit(code)
}

@main
enum Modules {
  static func main() {
    do {
      let house = House(try JSONDecoder().decode(Manifest.self, from: FileHandle.standardInput.readDataToEndOfFile()))
      switch CommandLine.arguments.dropFirst().first {
      case nil: print(house.drawing)
      case "--write":
        var page = try Page()
        try page.write(house)
      case "--check":
        let broken = try Rules(house: house).broken() + Page().broken(house)
        if !broken.isEmpty { fail(broken.map { "modules: \($0)" }.joined(separator: "\n"), 1) }
      default: fail("usage: .ci/modules [--write | --check]", 64)
      }
    } catch {
      fail("modules: \(error)", 74)
    }
  }
}
