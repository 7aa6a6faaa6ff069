/// Who answers for a policy's attacks and what they are for: attack texts are dangerous goods, and travel with their papers.
public struct Governance: Hashable, Codable, Sendable {
  /// Who answers for the attacks: a person or team.
  public var owner: String
  /// What they may be used for.
  public var purpose: String
  /// Where to ask; nil where the policy names nobody.
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

  /// An object with a member for each fact.
  public var json: JSON { .object(facts.map { JSON.Member($0.name, .string($0.value)) }) }

  /// The line that files of JSON Lines begin with: an object with this alone.
  public var headerLine: String { JSON.object([JSON.Member("governance", json)]).serialized() }

  /// All of it in a line.
  public var line: String { facts.map { "\($0.name): \($0.value)" }.joined(separator: "; ") }
}
