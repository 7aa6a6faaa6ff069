import Core

extension PolicyReader {
  /// The mappings of a list, each held against its keys; what isn't a list, or is empty, is noted.
  mutating func sections(
    _ parent: Section, _ name: String, path: [String]
  ) -> [(section: Section, node: PolicyNode)] {
    guard case .list(.object(let keys))? = parent.keys.first(where: { $0.name == name })?.shape else { return [] }
    return items(parent, name, path: path).enumerated().compactMap { index, node in
      section(node, keys: keys, path: path + [name, "\(index)"]).map { ($0, node) }
    }
  }

  /// The texts of a list; what isn't one is noted.
  mutating func texts(_ parent: Section, _ name: String, path: [String]) -> [String] {
    guard let key = parent.keys.first(where: { $0.name == name }), case .list(let shape) = key.shape else { return [] }
    let item = PolicyKey(name: name, shape: shape, help: key.help)
    return items(parent, name, path: path).enumerated().compactMap { index, node in
      scalar(node, key: item, path: path + [name, "\(index)"])
    }
  }

  private mutating func items(_ parent: Section, _ name: String, path: [String]) -> [PolicyNode] {
    guard let node = parent.values[name] else { return [] }
    guard case .sequence(let items) = node.content else {
      diagnostics.add(
        "\(described(path + [name])) must be a list, not \(node.kind)", at: node.place,
        remedy: "Write it as [first, second], or each on a line of its own after a dash.")
      return []
    }
    if items.isEmpty {
      diagnostics.add(
        "\(described(path + [name])) is empty", at: node.place, remedy: "Add at least one, or remove the key.")
    }
    return items
  }
}
