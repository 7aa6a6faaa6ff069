/// Proposals of one round. The reference model looks at those alone that may be asked or learnt from: of a large pool, few.
struct ProposalPool: Sendable {
  let drafts: [Proposer.Draft]
  private var scored: [Experience?]

  init(_ drafts: [Proposer.Draft]) {
    self.drafts = drafts
    scored = drafts.map { _ in nil }
  }

  /// The proposals at `indices`, with log p_ref: computed once, in one pass for all that have none yet.
  mutating func experiences(_ indices: [Int], by proposer: Proposer) async throws -> [Experience] {
    let missing = indices.filter { scored[$0] == nil }
    for (index, experience) in zip(missing, try await proposer.experiences(missing.map { drafts[$0] })) {
      scored[index] = experience
    }
    return indices.compactMap { scored[$0] }
  }
}
