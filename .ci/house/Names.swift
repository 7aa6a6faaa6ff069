/// The names that a module declares, each with the files that declare it.
///
/// Types and their members are named in full (`Outer.Inner`, `Outer.rate`). What is private counts in its own file alone.
struct Names {
  private var types: [String: Set<String>] = [:]
  private var members: [String: Set<String>] = [:]
  private var functions: [String: Set<String>] = [:]
  private var hidden: [String: Set<String>] = [:]

  init(_ outlines: [Outline]) {
    for outline in outlines {
      for declaration in outline.declarations where declaration.keyword != "extension" {
        let name = declaration.fullName
        if declaration.isFilePrivate {
          hidden[outline.file, default: []].insert(name)
        } else if declaration.isType {
          types[name, default: []].insert(outline.file)
        } else if declaration.path.isEmpty {
          functions[name, default: []].insert(outline.file)
        } else {
          members[name, default: []].insert(outline.file)
        }
      }
    }
  }

  /// Every type, type's member and top-level function that a use names for certain.
  ///
  /// Not seen are members of values (`value.rate`) and of a type that is left out (`.rate`): which type they are of, a
  /// compiler alone can tell.
  func symbols(of use: Use, in file: String) -> [(name: String, files: Set<String>)] {
    var found: [(name: String, files: Set<String>)] = []
    var type: String?
    switch use.chain[0] {
    case "Self", "self": type = use.path.isEmpty ? nil : use.path.joined(separator: ".")
    default:
      // The innermost declaration counts.
      for depth in stride(from: use.path.count, through: 0, by: -1) {
        let name = (use.path.prefix(depth) + [use.chain[0]]).joined(separator: ".")
        if hidden[file]?.contains(name) == true { return [] }
        if let files = types[name] {
          found.append((name, files))
          type = name
          break
        }
        guard let files = depth == 0 ? functions[name] : members[name] else { continue }
        return use.isCall && use.chain.count == 1 ? [(name, files)] : []
      }
    }
    for part in use.chain.dropFirst() {
      guard let outer = type else { break }
      let name = "\(outer).\(part)"
      if hidden[file]?.contains(name) == true { break }
      type = types[name] == nil ? nil : name
      if let files = types[name] ?? members[name] { found.append((name, files)) }
    }
    return found
  }
}
