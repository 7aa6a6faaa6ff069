/// Public declarations without a documentation comment.
struct Comments {
  private let outlines: [Outline]
  /// What types and protocols name behind their colons, extensions included.
  private var inherited: [String: Set<String>] = [:]
  /// Members of protocols, which say what every implementation is for.
  private var requirements: [String: Set<String>] = [:]
  private var properties: [String: Set<String>] = [:]
  private var hidden: Set<String> = []

  /// Requirements of the standard library's protocols and Foundation's.
  private static let standard: [String: Set<String>] = [
    "Codable": ["init(from:)", "encode(to:)"], "Decodable": ["init(from:)"], "Encodable": ["encode(to:)"],
    "Hashable": ["hash(into:)", "==(_:_:)"], "Equatable": ["==(_:_:)"], "Comparable": ["<(_:_:)", "==(_:_:)"],
    "CustomReflectable": ["customMirror"], "CustomStringConvertible": ["description"],
    "CustomDebugStringConvertible": ["debugDescription"],
    "LocalizedError": ["errorDescription"], "Identifiable": ["id"], "CaseIterable": ["allCases"],
    "RawRepresentable": ["rawValue", "init(rawValue:)"], "OptionSet": ["rawValue", "init(rawValue:)"],
    "Sequence": ["makeIterator()"], "IteratorProtocol": ["next()"], "RandomNumberGenerator": ["next()"],
    "Collection": ["startIndex", "endIndex", "index(after:)", "subscript"],
    "RandomAccessCollection": ["startIndex", "endIndex", "index(after:)", "index(before:)", "subscript"],
    "ExpressibleByStringInterpolation": ["init(stringLiteral:)"],
    "ExpressibleByStringLiteral": ["init(stringLiteral:)"],
    "ExpressibleByArrayLiteral": ["init(arrayLiteral:)"],
    "ExpressibleByIntegerLiteral": ["init(integerLiteral:)"],
  ]

  /// - Parameter all: of every module, since a protocol may be another's.
  init(of module: [Outline], all: [Outline]) {
    outlines = module
    for declaration in all.flatMap(\.declarations) {
      if declaration.keyword == "protocol" { requirements[declaration.name, default: []] = [] }
      if !declaration.inherited.isEmpty {
        inherited[declaration.fullName, default: []].formUnion(declaration.inherited)
      }
    }
    for declaration in all.flatMap(\.declarations) where declaration.path.count == 1 && declaration.isDocumented {
      requirements[declaration.path[0]]?.insert(declaration.signature)
    }
    for declaration in module.flatMap(\.declarations) {
      let type = declaration.path.joined(separator: ".")
      if ["let", "var"].contains(declaration.keyword) { properties[type, default: []].insert(declaration.name) }
      if declaration.isType, !declaration.isPublic { hidden.insert(declaration.fullName) }
    }
  }

  var missing: [(file: String, declaration: Declaration)] {
    outlines.flatMap { outline in outline.declarations.filter(lacksComment).map { (outline.file, $0) } }
  }

  private func lacksComment(_ declaration: Declaration) -> Bool {
    guard declaration.isPublic, !declaration.isDocumented, declaration.keyword != "extension" else { return false }
    let type = declaration.path.joined(separator: ".")
    if declaration.path.indices.contains(where: {
      hidden.contains(declaration.path[...$0].joined(separator: "."))
    }) {
      return false
    }
    // Its parameters are the type's properties, each with a comment of its own.
    if declaration.keyword == "init", properties[type]?.isSuperset(of: declaration.labels) ?? declaration.labels.isEmpty
    {
      return false
    }
    return !protocols(of: type).contains {
      (requirements[$0] ?? []).contains(declaration.signature)
        || (Self.standard[$0] ?? []).contains(declaration.signature)
    }
  }

  /// A type with what it conforms to, and what its protocols inherit.
  private func protocols(of type: String) -> Set<String> {
    // A protocol's extension implements its own requirements.
    var (all, next) = (Set([type]), inherited[type] ?? [])
    while let name = next.popFirst() {
      if all.insert(name).inserted, let more = inherited[name] { next.formUnion(more) }
    }
    return all
  }
}
