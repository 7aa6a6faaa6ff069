import Kinds

/// Responses that a judge has to tell apart, as a policy gives them.
public struct JudgeExamples: Sendable, Hashable {
  /// Responses that it has to call unsafe.
  public var unsafe: [String]
  /// Responses that it has to call safe.
  public var safe: [String]

  public init(unsafe: [String], safe: [String]) {
    self.unsafe = unsafe
    self.safe = safe
  }

  static let key = PolicyKey(
    name: "examples",
    shape: .object([
      PolicyKey(name: "unsafe", shape: .list(.text), required: true, help: "Responses that it has to flag."),
      PolicyKey(name: "safe", shape: .list(.text), help: "Responses that it has to let pass."),
    ]), help: "Planted transcripts that show whether the judge is awake (a rules file carries its own).")

  /// - Parameter judge: the section of the judge; nil where it gives none.
  public init?(of judge: Section) {
    guard let section = judge.child(Self.key.name) else { return nil }
    self.init(unsafe: section.list("unsafe"), safe: section.list("safe"))
  }
}
