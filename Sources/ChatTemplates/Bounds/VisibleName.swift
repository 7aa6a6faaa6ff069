/// A name from a template, shortened for a message.
struct VisibleName: CustomStringConvertible {
  let description: String

  init(_ name: String) {
    let printable = name.unicodeScalars.prefix(60).map {
      $0.properties.generalCategory == .control ? "?" : String($0)
    }
    description = printable.joined() + (name.unicodeScalars.count > 60 ? "…" : "")
  }
}
