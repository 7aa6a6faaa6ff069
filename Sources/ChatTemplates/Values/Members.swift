import Core

/// Keys and values in the order of insertion. Few have more than a dozen members, so that a search from the front will
/// do; the renderer counts it.
struct Members {
  struct Member {
    let key: Value
    var value: Value
  }

  private(set) var members: [Member] = []

  subscript(key: Value) -> Value? { members.first { $0.key.equals(key) }?.value }

  subscript(key: String) -> Value? {
    members.first { member in
      if case .string(let name) = member.key { name.hasSameBytes(as: key) } else { false }
    }?.value
  }

  mutating func set(_ key: Value, _ value: Value) {
    if let index = members.firstIndex(where: { $0.key.equals(key) }) {
      members[index].value = value
    } else {
      members.append(Member(key: key, value: value))
    }
  }
}
