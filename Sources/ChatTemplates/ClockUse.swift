/// How a template may ask for the time, whatever conversation it renders.
struct ClockUse: Hashable, Sendable {
  /// The formats of its calls that are written out.
  private var formats: [String] = []
  /// Whether a call may have another format.
  private var isOpen = false

  init(_ tokens: [Token]) {
    for (index, token) in tokens.enumerated() where token.isName(Function.strftimeNow.rawValue) {
      let rest = tokens[(index + 1)...].prefix(3)
      // Asking whether there is such a function tells nothing.
      if rest.first?.isName("is") == true { continue }
      if rest.count == 3, rest[index + 1].isSymbol("("), case .string(let format) = rest[index + 2].kind,
        rest[index + 3].isSymbol(")")
      {
        formats.append(format)
      } else {
        isOpen = true
      }
    }
  }

  /// Everything that its calls can tell of a time; nil where there are none.
  func told(of time: TemplateTime) -> String? {
    guard isOpen || !formats.isEmpty else { return nil }
    // A format that isn't known fails wherever it is used, so it tells nothing.
    let texts = (isOpen ? ["%F %T"] : formats).map { (try? time.text($0)) ?? "" }
    return texts.map { "\($0.utf8.count):\($0)" }.joined()
  }
}
