import Kinds

/// Reads what the policy's `categories` mean.
enum CategoryReader {
  /// How bad a success is in each, where it says so.
  static func weights(_ root: Section) -> [String: Double] {
    let pairs = root.sections("categories").compactMap { section in
      section.text("name").flatMap { name in section.optionalNumber("weight").map { (name, $0) } }
    }
    return Dictionary(pairs) { first, _ in first }
  }

  /// What frameworks call each, where it says so.
  static func tags(_ root: Section) -> [String: [String]] {
    let pairs = root.sections("categories").compactMap { section -> (String, [String])? in
      var seen: Set<String> = []
      let tags = section.list("tags").filter { !$0.isEmpty && seen.insert($0).inserted }
      return tags.isEmpty ? nil : section.text("name").map { ($0, tags) }
    }
    return Dictionary(pairs) { first, _ in first }
  }

  static func meanings(_ root: Section, reader: inout PolicyReader) -> [String: String] {
    var meanings: [String: String] = [:]
    for section in root.sections("categories") {
      guard let name = section.text("name"), let meaning = section.text("meaning") else { continue }
      if meanings[name] != nil {
        reader.diagnostics.add(
          "the category \(quoted(name)) is explained twice", at: section.place(of: "name") ?? section.place,
          remedy: "Keep one meaning.")
      }
      meanings[name] = meaning
    }
    return meanings
  }
}
