/// Who uses whom among the folders of a module; the module's own folder is one of them.
struct Folders {
  /// A name in one file that another file declares.
  struct Arrow: Hashable, Comparable {
    let from: String
    let to: String
    let symbol: String

    static func < (a: Arrow, b: Arrow) -> Bool { (a.from, a.to, a.symbol) < (b.from, b.to, b.symbol) }
  }

  let arrows: Set<Arrow>

  init(_ outlines: [Outline]) {
    let names = Names(outlines)
    var arrows: Set<Arrow> = []
    for outline in outlines {
      for use in outline.uses {
        for symbol in names.symbols(of: use, in: outline.file) {
          // Where two folders declare it, the compiler alone knows which is meant.
          let folders = Set(symbol.files.map(Self.folder))
          guard folders.count == 1, !folders.contains(Self.folder(outline.file)) else { continue }
          for file in symbol.files { arrows.insert(Arrow(from: outline.file, to: file, symbol: symbol.name)) }
        }
      }
    }
    self.arrows = arrows
  }

  static func folder(_ file: String) -> String { file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "" }

  /// Groups of folders in which each reaches every other, sorted.
  var cycles: [[String]] {
    var reached: [String: Set<String>] = [:]
    for arrow in arrows { reached[Self.folder(arrow.from), default: []].insert(Self.folder(arrow.to)) }
    // Warshall's closure.
    for middle in reached.keys {
      let further = reached[middle] ?? []
      for start in reached.keys where reached[start]?.contains(middle) == true { reached[start]?.formUnion(further) }
    }
    let inCycles = reached.keys.filter { reached[$0]?.contains($0) == true }
    return Set(
      inCycles.map { folder in
        inCycles.filter { reached[folder]?.contains($0) == true && reached[$0]?.contains(folder) == true }.sorted()
      }
    ).sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// The arrows among these folders.
  func arrows(among folders: [String]) -> [Arrow] {
    arrows.filter { folders.contains(Self.folder($0.from)) && folders.contains(Self.folder($0.to)) }.sorted()
  }
}
