/// Methods of Python's strings, lists and dictionaries that templates may call. Those that change a value are refused, as
/// transformers' sandbox does.
enum Methods {
  private static let ofStrings: Set<String> = [
    "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format", "index", "isalnum",
    "isalpha", "isascii", "isdigit", "isdecimal", "isnumeric", "islower", "isspace", "istitle", "isupper", "join",
    "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust",
    "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "translate",
    "upper", "zfill",
  ]

  static func has(_ name: String, _ value: Value) -> Bool {
    switch value {
    case .string, .markup: ofStrings.contains(name)
    case .list: ["count", "index", "copy"].contains(name)
    case .tuple, .range: ["count", "index"].contains(name)
    case .dictionary: ["get", "items", "keys", "values", "copy"].contains(name)
    default: false
    }
  }

  /// `str.islower` and `str.isupper`
  static func isCased(_ text: String, isUpper: Bool) -> Bool {
    var hasCased = false
    for scalar in text.unicodeScalars {
      let properties = scalar.properties
      if isUpper ? properties.isLowercase : properties.isUppercase { return false }
      if properties.generalCategory == .titlecaseLetter { return false }
      if properties.isCased { hasCased = true }
    }
    return hasCased
  }

  /// `str.center`, `ljust` and `rjust`.
  static func padded(
    _ text: String, _ width: Int, _ fill: String, _ side: PythonText.Side, _ work: Work
  ) throws -> String {
    try work.spend(bytes: text.utf8.count)
    let missing = width - text.unicodeScalars.count
    guard missing > 0 else { return text }
    guard fill.unicodeScalars.count == 1 else { throw Fault("a text is filled with one character") }
    let size = missing.multipliedReportingOverflow(by: fill.utf8.count)
    guard !size.overflow, size.partialValue <= Limits.text else {
      throw Fault("a text of more than \(Limits.text) bytes", .limit)
    }
    try work.spend(bytes: text.utf8.count + size.partialValue)
    // Python puts the odd one to the left where the width is odd.
    let before = side == .both ? missing / 2 + (missing & width & 1) : side == .right ? missing : 0
    return String(repeating: fill, count: before) + text + String(repeating: fill, count: missing - before)
  }
}

extension Renderer {
  func callMethod(_ name: String, of owner: Value, _ arguments: Arguments) throws -> Value {
    switch owner {
    case .markup: throw Fault.unsupported("a method of escaped or safe text")
    case .string(let text):
      return try StringMethod(name: name, text: text, work: work).call(arguments)
    case .dictionary(let dictionary): return try call(name, of: dictionary, arguments)
    default: return try call(name, of: owner.elements(work), owner, arguments)
    }
  }

  private func call(_ name: String, of dictionary: Members, _ arguments: Arguments) throws -> Value {
    if name == "get" {
      let given = try arguments.plain(1, 2, of: "get")
      try given[0].requireHashable(work)
      return try dictionary.value(of: given[0], work) ?? (given.count > 1 ? given[1] : .none)
    }
    try work.spend(elements: dictionary.members.count)
    _ = try arguments.plain(0, 0, of: name)
    switch name {
    case "items": return .view(.items, dictionary.members.map { .tuple([$0.key, $0.value]) })
    case "keys": return .view(.keys, dictionary.members.map(\.key))
    case "values": return .view(.values, dictionary.members.map(\.value))
    default: return .dictionary(dictionary)
    }
  }

  private func call(_ name: String, of values: [Value], _ owner: Value, _ arguments: Arguments) throws -> Value {
    if name == "copy" {
      _ = try arguments.plain(0, 0, of: name)
      return owner
    }
    let wanted = try arguments.plain(1, 1, of: name)[0]
    if name == "count" { return .integer(try values.count { try $0.equals(wanted, work) }) }
    guard let index = try values.firstIndex(where: { try $0.equals(wanted, work) }) else {
      throw Fault("the value is not in the list")
    }
    return .integer(index)
  }
}
