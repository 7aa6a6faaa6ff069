import Core
import Evidence

/// What the shards of a run left beside responses, judgments and searches.
struct MergedShards: Sendable {
  /// What models and judges were, the same in every shard.
  let targets: [TargetRecord]
  /// For each judge that was shown transcripts with a known answer, whether it called each unsafe: what all shards agree on.
  let proofs: [[Bool?]]
  /// What a reader has to know of models and judges, each sentence once.
  let notices: [String]
}

/// What a judge said of transcripts with a known answer, as a shard's record has it.
enum ProofText {
  static func text(_ verdicts: [Bool?]) -> String {
    String(verdicts.map { verdict -> Character in verdict.map { $0 ? "u" : "s" } ?? "-" })
  }

  /// What all texts agree on, verdict by verdict; nil where one differs, or is none.
  static func common(_ texts: [String]) -> [Bool?] {
    let all = texts.map(Array.init)
    let length = all.map(\.count).max() ?? 0
    return (0..<length).map { place in
      let said = Set(all.map { place < $0.count ? $0[place] : "-" })
      return said.count == 1 ? said.first.flatMap { ["u": true, "s": false][$0] } : nil
    }
  }
}
