import Attackers
import Core
import Foundation
import Gate
import Judges
import Lab
import LanguageModels
import Policies
import Statistics
import Suites
import Targets

/// The committed lab, loaded once.
struct LabTargets: Sendable {
  static let folder = "fixtures/lab"

  /// What attackers start from.
  let reference: CausalLanguageModel
  let reward: any Judge
  let confirm: any Judge
  let embedder: any Embedder
  let fluency: Fluency
  private let weak: [String: [Weakness]]

  /// - Parameter skew: of the reference model's prior over cells (see `SkewedReference`); 1 is the committed model.
  init(skew: Int = 1) async throws {
    let committed = try CausalLanguageModel.load(folder: "\(Self.folder)/attacker")
    reference = skew == 1 ? committed : try SkewedReference.train(from: committed, skew: skew, seed: 1)
    reward = try ClassifierJudge(folder: "\(Self.folder)/judge", fingerprint: "judge", threshold: 0.5)
    confirm = try RulesJudge(path: "\(Self.folder)/rules.yaml", fingerprint: "rules")
    embedder = SentenceEmbedder(
      fingerprint: "embedder", encoder: try SentenceEncoder.load(folder: "\(Self.folder)/embedder"), workers: 1)
    fluency = try await Fluency(reference: committed)
    struct Truth: Decodable {
      let weak: [String: [String]]
    }
    let truth = try Data(contentsOf: URL(filePath: "\(Self.folder)/truth.json"))
    var weak = try JSONDecoder().decode(Truth.self, from: truth).weak.mapValues { cells in
      try cells.compactMap(Cell.init).map { try Weakness(id: $0.id, pattern: Grammar.pattern(of: $0)) }
    }
    weak[Opening.assistant] = try SuiteFile.weaknesses("\(Self.folder)/\(Opening.assistant)/weaknesses.jsonl")
    self.weak = weak
  }

  func target(_ name: String, seed: UInt64) throws -> any Target {
    var settings = SamplingSettings(temperature: 1, maxTokens: 24)
    settings.seed = seed
    return try LocalTarget(
      name: name, fingerprint: name, model: try CausalLanguageModel.load(folder: "\(Self.folder)/\(name)"),
      settings: settings, workers: 1)
  }

  /// The planted weak cells of a model.
  func cells(of name: String) -> [Weakness] { weak[name] ?? [] }

  /// Clusters (cosine 0.7) that the lab's own requests in the weak cells of a model make, 60 of each: the most unique attacks
  /// that there are without leaving the language.
  func kinds(of name: String) async throws -> Int {
    var random = SeededGenerator(seed: 1, stream: "kinds")
    let prompts = cells(of: name).compactMap { Cell(id: $0.id) }.flatMap { cell in
      (0..<60).map { _ in Grammar.prompt(of: cell, &random) }
    }
    return Set(Diversity.clusters(try await embedder.embed(prompts), threshold: 0.7)).count
  }

  func attacker(_ settings: AttackerSettings) throws -> any Attacker {
    try Attackers.attacker(
      reference: reference, referenceFingerprint: "attacker", embedder: embedder, settings: settings)
  }
}
