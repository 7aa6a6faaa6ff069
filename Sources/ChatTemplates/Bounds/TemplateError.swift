/// Why a template can't be parsed or rendered, and where.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Classes of mistakes.
  public enum Kind: Hashable, Sendable {
    /// It is no Jinja.
    case syntax
    /// Jinja, but outside the subset.
    case unsupported
    /// The template's own `raise_exception`.
    case raised
    /// What Jinja itself would fail with.
    case failed
    /// It takes more steps, memory or nesting than a template is allowed.
    case limit
  }

  /// The class of the mistake.
  public let kind: Kind
  /// What is wrong, without its line.
  public let message: String
  /// From 1.
  public let line: Int

  init(_ kind: Kind, _ message: String, line: Int) {
    self.kind = kind
    self.message = message
    self.line = line
  }

  public var description: String { "line \(line): \(message)" }
}

/// A failure in an operation, which doesn't know its line.
struct Fault: Error {
  let kind: TemplateError.Kind
  let message: String

  init(_ message: String, _ kind: TemplateError.Kind = .failed) {
    self.message = message
    self.kind = kind
  }

  static func unsupported(_ what: String) -> Fault { Fault("\(what) is not supported", .unsupported) }
}
