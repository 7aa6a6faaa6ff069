/// Filters on lists and what can be looped over.
extension Renderer {
  func applySequence(_ filter: Filter, to value: Value, _ arguments: Arguments) throws -> Value {
    func bound(_ names: String...) throws -> [Value?] {
      try arguments.bound(to: names, of: "the filter '\(filter.rawValue)'")
    }
    func elements() throws -> [Value] { try value.elements(work) }
    switch filter {
    case .list:
      _ = try bound()
      return .list(try elements())
    case .first:
      _ = try bound()
      if case .iterator(let iterator) = value {
        return iterator.takeFirst() ?? .undefined("there is no first item")
      }
      if let scalar = value.text?.unicodeScalars.first { return .string(String(scalar)) }
      return try elements().first ?? .undefined("there is no first item")
    case .last:
      _ = try bound()
      if case .iterator = value { throw Fault("a generator has no last item before it is a list") }
      if let scalar = value.text?.unicodeScalars.last { return .string(String(scalar)) }
      return try elements().last ?? .undefined("there is no last item")
    case .items:
      _ = try bound()
      if value.isUndefined { return .iterator(Value.Generator([])) }
      guard case .dictionary(let dictionary) = value else { throw Fault("a \(value.kind) has no items") }
      try work.spend(elements: dictionary.members.count)
      return .iterator(Value.Generator(dictionary.members.map { .tuple([$0.key, $0.value]) }))
    case .reverse:
      _ = try bound()
      if let text = value.text {
        try work.spend(readingEach: text)
        return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
      }
      return .iterator(Value.Generator(try elements().reversed()))
    case .join:
      let given = try bound("d", "attribute")
      let separator = try (given[0] ?? .string("")).printed(work)
      let path = given[1].flatMap { $0.isNone ? nil : $0 }
      var text = GrowingText(work)
      for (index, element) in try elements().enumerated() {
        if index > 0 { try text.append(separator) }
        try text.append((path.map { try member(at: $0, of: element) } ?? element).printed(work))
      }
      return .string(text.text)
    case .sum:
      let given = try bound("attribute", "start")
      let path = given[0].flatMap { $0.isNone ? nil : $0 }
      return try elements().reduce(given[1] ?? .integer(0)) { total, element in
        try compute(total, .add, path.map { try member(at: $0, of: element) } ?? element)
      }
    case .min, .max:
      let given = try bound("case_sensitive", "attribute")
      let keyed = try keyed(elements(), path: given[1], isCaseSensitive: given[0]?.isTrue ?? false)
      guard var best = keyed.first else { return .undefined("the sequence was empty") }
      for candidate in keyed.dropFirst() {
        let isBetter =
          filter == .min
          ? try candidate.key.isLess(than: best.key, work) : try best.key.isLess(than: candidate.key, work)
        if isBetter { best = candidate }
      }
      return best.value
    case .sort:
      let given = try bound("reverse", "case_sensitive", "attribute")
      return .list(
        try sorted(
          keyed(elements(), path: given[2], isCaseSensitive: given[1]?.isTrue ?? false),
          reverse: given[0]?.isTrue ?? false))
    case .unique:
      let given = try bound("case_sensitive", "attribute")
      var seen: [Value] = []
      var result: [Value] = []
      for (key, element) in try keyed(elements(), path: given[1], isCaseSensitive: given[0]?.isTrue ?? false) {
        try key.requireHashable(work)
        if try seen.contains(where: { try $0.equals(key, work) }) { continue }
        seen.append(key)
        result.append(element)
      }
      return .iterator(Value.Generator(result))
    case .dictsort: return try sortedItems(value, bound("case_sensitive", "by", "reverse"))
    case .batch, .slice: return try parts(filter, elements(), arguments)
    case .groupby: return try groups(elements(), bound("attribute", "default", "case_sensitive"))
    default: return .iterator(Value.Generator(try chosen(filter, elements(), arguments)))
    }
  }

  /// `map`, `select`, `reject`, `selectattr`, `rejectattr`
  private func chosen(_ filter: Filter, _ values: [Value], _ arguments: Arguments) throws -> [Value] {
    var rest = arguments
    if filter == .map {
      if rest.positional.isEmpty {
        let given = try rest.bound(to: ["attribute", "default"], of: "the filter 'map'")
        guard let path = given[0] else { throw Fault("the filter 'map' needs an attribute or a filter") }
        return try values.map { try member(at: path, of: $0, default: given[1]) }
      }
      let name = try rest.positional.removeFirst().requiredText("the filter to map with")
      guard let mapped = Filter(name) else { throw Fault.unsupported("the filter '\(VisibleName(name))'") }
      return try values.map { value in try deeper(line) { try apply(mapped, to: value, rest) } }
    }
    var path: Value?
    if filter == .selectattr || filter == .rejectattr {
      guard !rest.positional.isEmpty else { throw Fault("the filter '\(filter.rawValue)' needs an attribute") }
      path = rest.positional.removeFirst()
    }
    var test: Test?
    if !rest.positional.isEmpty {
      let name = try rest.positional.removeFirst().requiredText("a test")
      guard let known = Test(name) else { throw Fault.unsupported("the test '\(VisibleName(name))'") }
      test = known
    }
    let wanted = filter == .select || filter == .selectattr
    return try values.filter { element in
      try work.spend()
      let subject = try path.map { try member(at: $0, of: element) } ?? element
      return try (test.map { try apply($0, to: subject, rest) } ?? subject.isTrue) == wanted
    }
  }

  /// `a.b.0` of a value; integers are indices.
  private func member(at path: Value, of value: Value, default fallback: Value? = nil) throws -> Value {
    var result = value
    if path.integer != nil {
      result = try item(path, of: result)
    } else {
      for part in try PythonText.split(path.requiredText("an attribute"), ".", limit: nil, fromRight: false, work) {
        let isIndex = !part.isEmpty && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        result = try item(isIndex ? .integer(Int(part) ?? 0) : .string(part), of: result)
        if let fallback, result.isUndefined, !fallback.isNone { result = fallback }
      }
    }
    return result
  }

  /// Values with what they are sorted by: letters count alike in both cases.
  private func keyed(
    _ values: [Value], path: Value?, isCaseSensitive: Bool
  ) throws -> [(key: Value, value: Value)] {
    try values.map { value in
      var key = value
      if let path, !path.isNone {
        if let text = path.text, text.contains(",") { throw Fault.unsupported("sorting by several attributes") }
        key = try member(at: path, of: value)
      }
      return (try sortKey(key, isCaseSensitive: isCaseSensitive), value)
    }
  }

  /// What stands for a value in comparisons.
  private func sortKey(_ value: Value, isCaseSensitive: Bool) throws -> Value {
    guard !isCaseSensitive, let text = value.text else { return value }
    try work.spend(readingEach: text)
    return .string(PythonText.lowercased(text))
  }

  /// Stable in both directions, as Python's.
  private func sorted(_ keyed: [(key: Value, value: Value)], reverse: Bool) throws -> [Value] {
    try work.spend(8 * keyed.count)
    let order = try keyed.enumerated().sorted { a, b in
      if try reverse ? b.element.key.isLess(than: a.element.key, work) : a.element.key.isLess(than: b.element.key, work)
      {
        return true
      }
      if try reverse ? a.element.key.isLess(than: b.element.key, work) : b.element.key.isLess(than: a.element.key, work)
      {
        return false
      }
      return a.offset < b.offset
    }
    return order.map(\.element.value)
  }

  private func sortedItems(_ value: Value, _ given: [Value?]) throws -> Value {
    guard case .dictionary(let dictionary) = value else { throw Fault("a \(value.kind) is no dictionary") }
    let by = try given[1]?.requiredText("'by'") ?? "key"
    guard by == "key" || by == "value" else { throw Fault("a dictionary is sorted by key or value") }
    let isCaseSensitive = given[0]?.isTrue ?? false
    let keyed = try dictionary.members.map { member -> (key: Value, value: Value) in
      let key = try sortKey(by == "key" ? member.key : member.value, isCaseSensitive: isCaseSensitive)
      return (key, .tuple([member.key, member.value]))
    }
    return .list(try sorted(keyed, reverse: given[2]?.isTrue ?? false))
  }

  /// `batch` makes rows of one length, `slice` so many columns.
  private func parts(_ filter: Filter, _ values: [Value], _ arguments: Arguments) throws -> Value {
    let given = try arguments.bound(
      to: [filter == .batch ? "linecount" : "slices", "fill_with"], of: "the filter '\(filter.rawValue)'")
    guard let size = try given[0]?.requiredInteger("the size"), size > 0, size <= Limits.elements else {
      throw Fault("the filter '\(filter.rawValue)' needs a size")
    }
    let fill = given[1].flatMap { $0.isNone ? nil : $0 }
    var rows: [[Value]] = []
    if filter == .batch {
      for start in stride(from: 0, to: values.count, by: size) {
        rows.append(Array(values[start..<min(start + size, values.count)]))
      }
      if let fill, let last = rows.indices.last {
        try work.spend(elements: size)
        rows[last] += [Value](repeating: fill, count: size - rows[last].count)
      }
    } else {
      try work.spend(elements: size)
      let (length, longer) = values.count.quotientAndRemainder(dividingBy: size)
      var start = 0
      for index in 0..<size {
        let end = start + length + (index < longer ? 1 : 0)
        rows.append(Array(values[start..<end]))
        if let fill, index >= longer { rows[index].append(fill) }
        start = end
      }
    }
    return .iterator(Value.Generator(rows.map { .list($0) }))
  }

  private func groups(_ values: [Value], _ given: [Value?]) throws -> Value {
    guard let path = given[0] else { throw Fault("the filter 'groupby' needs an attribute") }
    let isCaseSensitive = given[2]?.isTrue ?? false
    let keyed = try values.map { value -> (key: Value, value: Value) in
      let plain = try member(at: path, of: value, default: given[1])
      return (try sortKey(plain, isCaseSensitive: isCaseSensitive), .tuple([plain, value]))
    }
    var groups: [(key: Value, shown: Value, values: [Value])] = []
    let order = try sorted(keyed, reverse: false)
    for pair in order {
      guard case .tuple(let parts) = pair else { continue }
      let key = try sortKey(parts[0], isCaseSensitive: isCaseSensitive)
      if let last = groups.indices.last, try groups[last].key.equals(key, work) {
        groups[last].values.append(parts[1])
      } else {
        groups.append((key, parts[0], [parts[1]]))
      }
    }
    // Jinja's groups also have names, `grouper` and `list`, which no template was seen to use.
    return .list(groups.map { .tuple([$0.shown, .list($0.values)]) })
  }
}
