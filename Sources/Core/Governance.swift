/// Who answers for a policy's attacks and what they are for: attack texts are dangerous goods, and travel with their papers.
public struct Governance: Hashable, Codable, Sendable {
  public var owner: String
  public var purpose: String
  public var contact: String?
  /// Under which texts that leave the ledger may be used.
  public var licence: String?

  public init(owner: String, purpose: String, contact: String? = nil, licence: String? = nil) {
    self.owner = owner
    self.purpose = purpose
    self.contact = contact
    self.licence = licence
  }

  /// What is said, by the policy's keys and in their order.
  public var facts: [(name: String, value: String)] {
    [("owner", owner), ("purpose", purpose), ("contact", contact), ("licence", licence)].compactMap { name, value in
      value.map { (name, $0) }
    }
  }

  public var json: JSON { .object(facts.map { JSON.Member($0.name, .string($0.value)) }) }

  /// The line that files of JSON Lines begin with: an object with this alone.
  public var headerLine: String { JSON.object([JSON.Member("governance", json)]).serialized() }

  /// All of it in a line.
  public var line: String { facts.map { "\($0.name): \($0.value)" }.joined(separator: "; ") }
}
