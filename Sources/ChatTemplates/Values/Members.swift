import Core

/// Keys and values in the order of insertion. Few have more than a dozen members, so that a search from the front will
/// do, and it is counted.
struct Members {
  struct Member {
    let key: Value
    var value: Value
  }

  private(set) var members: [Member] = []

  init() {}

  /// - Parameter json: of a key that is there twice, the last counts.
  init(_ json: [JSON.Member]) {
    var places: [[UInt8]: Int] = [:]
    for member in json {
      let place = places[Array(member.key.utf8)] ?? members.count
      if place < members.count {
        members[place].value = Value(member.value)
      } else {
        places[Array(member.key.utf8)] = place
        members.append(Member(key: .string(member.key), value: Value(member.value)))
      }
    }
  }

  private func index(of key: Value, _ work: Work) throws -> Int? {
    try work.spend(searching: members.count)
    return try members.firstIndex { try $0.key.equals(key, work) }
  }

  /// The value of a key, nil where there is none.
  /// - Throws: `Fault` (limit).
  func value(of key: Value, _ work: Work) throws -> Value? { try index(of: key, work).map { members[$0].value } }

  /// - Throws: `Fault` (limit).
  mutating func set(_ key: Value, _ value: Value, _ work: Work) throws {
    if let index = try index(of: key, work) {
      members[index].value = value
    } else {
      members.append(Member(key: key, value: value))
    }
  }
}
