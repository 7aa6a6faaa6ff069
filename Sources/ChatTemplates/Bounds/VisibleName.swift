import Core

/// A name from a template, shortened for a message.
struct VisibleName: CustomStringConvertible {
  let description: String

  init(_ name: String) { description = VisibleText.brief(name, most: 60) }
}
