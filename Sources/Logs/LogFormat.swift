/// How a diagnostic is written: one line in either format.
public enum LogFormat: String, CaseIterable, Sendable {
  /// Time, level, label, message and `key=value` pairs, for people and `grep`.
  case text
  /// A JSON object, for programs.
  case json
}
