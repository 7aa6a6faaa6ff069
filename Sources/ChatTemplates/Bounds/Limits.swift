/// What no published template comes near.
enum Limits {
  /// Bytes of a template.
  static let source = 1_000_000
  /// Evaluated nodes, with a share for every byte that is made or searched.
  static let steps = 4_000_000
  /// Bytes copied, compared or searched that one step of the above stands for.
  static let bytesPerStep = 64
  /// The same for a text whose characters are looked at one by one.
  static let readBytesPerStep = 8
  /// Bytes of the result, and of every text on the way.
  static let text = 16_000_000
  /// Elements of a list.
  static let elements = 1_000_000
  /// Nesting of blocks and expressions in a template.
  static let nesting = 100
  /// Nesting of evaluations, calls of macros included.
  static let depth = 400
  /// Links of one chain: `a + b + c`, `a.b.c`, `a | b | c`.
  static let links = 200
  /// Nesting of values: what is nested deeper can't be freed without as much stack.
  static let values = 100
  /// Steps that a namespace or a macro costs, which live as long as the rendering.
  static let stepsOfObject = 20
}
