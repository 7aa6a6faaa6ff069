/// A token from a file, quoted and shortened for a message.
func quoted(_ token: String) -> String {
  let printable = token.unicodeScalars.prefix(60).map { $0.properties.generalCategory == .control ? "?" : String($0) }
  return "'" + printable.joined() + (token.unicodeScalars.count > 60 ? "…'" : "'")
}
