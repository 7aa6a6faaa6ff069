import Core

/// What a call hands over.
struct Arguments {
  var positional: [Value] = []
  var named: [(name: String, value: Value)] = []

  /// The values of parameters, nil for those not given.
  /// - Throws: `Fault` for more values than parameters, unknown names, and a parameter given twice.
  func bound(to parameters: [String], of what: String) throws -> [Value?] {
    guard positional.count <= parameters.count else {
      throw Fault("\(what) takes \(parameters.count) values at most, not \(positional.count)")
    }
    var values: [Value?] = positional + [Value?](repeating: nil, count: parameters.count - positional.count)
    for (name, value) in named {
      guard let index = parameters.firstIndex(where: { $0.hasSameBytes(as: name) }) else {
        throw Fault("\(what) has no parameter '\(VisibleName(name))'")
      }
      guard values[index] == nil else { throw Fault("\(what) got '\(VisibleName(name))' twice") }
      values[index] = value
    }
    return values
  }

  /// All values, where at least `least` and at most `most` are given and none by name.
  func plain(_ least: Int, _ most: Int, of what: String) throws -> [Value] {
    guard named.isEmpty else { throw Fault("\(what) takes no named values") }
    guard (least...most).contains(positional.count) else {
      throw Fault("\(what) doesn't take \(positional.count) values")
    }
    return positional
  }
}

extension Value {
  /// - Throws: `Fault` where it is no string.
  func requiredText(_ what: String) throws -> String {
    if case .undefined(let message) = self { throw Fault(message) }
    guard let text else { throw Fault("\(what) must be a string, not a \(kind)") }
    return text
  }

  /// - Throws: `Fault` where it is no integer.
  func requiredInteger(_ what: String) throws -> Int {
    if case .undefined(let message) = self { throw Fault(message) }
    guard let integer else { throw Fault("\(what) must be an integer, not a \(kind)") }
    return integer
  }
}
