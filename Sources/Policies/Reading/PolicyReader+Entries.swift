import Core
import Kinds

extension PolicyReader {
  /// An item of a list of texts of which some have keys: `base64`, or `translate: {language: ja}`.
  /// - Parameter brief: keys that need no kind.
  mutating func entry(
    _ node: PolicyNode, of key: PolicyKey, keys: KindKeys, brief: [PolicyKey], path: [String]
  ) -> Section? {
    guard let entries = node.entries else {
      var section = Section(path: path, keys: [], place: node.place)
      let text = scalar(node, key: PolicyKey(name: key.name, shape: .text, help: key.help), path: path)
      section.entry = text
      return text == nil ? nil : section
    }
    guard entries.count == 1, let only = entries.first else {
      diagnostics.add(
        "\(Section.described(path)) must be a mapping of one name to its keys, and has \(counted(entries.count, "name"))",
        at: node.place, remedy: key.example.map { "For example: \($0)" } ?? "Write each as an item of its own.")
      return nil
    }
    let inner = path + [only.key]
    var section: Section?
    if only.value.isNull {
      section = Section(path: inner, keys: brief, place: only.value.place)
    } else if let given = only.value.entries, given.allSatisfy({ entry in brief.contains { $0.name == entry.key } }) {
      section = self.section(only.value, keys: brief, path: inner)
    } else {
      section = self.section(only.value, keys: keys, path: inner)
    }
    section?.entry = only.key
    return section
  }
}
