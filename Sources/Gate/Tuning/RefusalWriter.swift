import Core
import Policies
import SafetyTuning

/// Where a refusal came from.
enum RefusalSource: String, Hashable, Sendable, CaseIterable {
  /// The model was told to refuse.
  case instructed
  /// The model refused the attack by itself, in one of a few tries.
  case own
  /// The model refused another attack of the same category.
  case category
  case template
}

/// Finds a refusal for each attack that a variant is tuned on.
///
/// The model's own words come first: a refusal in its own style and language changes it less than one that somebody else
/// wrote. Whatever the model says counts only where one judge calls it a refusal and the other finds nothing unsafe in it.
struct RefusalWriter: Sendable {
  let service: ResponseService
  let model: Participant
  /// Its "unsafe" means "refused".
  let refusals: any Judge
  let safety: any Judge
  let source: TuningPolicy.Refusals
  let instruction: String

  /// Tries of each attack without an instruction.
  private static let ownTries = 4

  struct Refusal: Hashable, Sendable {
    let text: String
    let source: RefusalSource
  }

  /// - Parameters:
  ///   - attacks: prompt and category.
  ///   - known: attacks to borrow the model's refusals from.
  /// - Returns: by prompt.
  func write(
    _ attacks: [(prompt: String, category: String?)], known: [Attack]
  ) async throws -> [String: Refusal] {
    var found: [String: Refusal] = [:]
    if source == .instructed {
      let asked = attacks.map { instruction.replacing("{prompt}", with: $0.prompt) }
      let answers = try await answers(zip(attacks, asked).map { ($0, $1) }, sample: 0)
      for (attack, text) in zip(attacks, answers) {
        if let text { found[attack.prompt] = Refusal(text: text, source: .instructed) }
      }
    }
    if source != .templates {
      for sample in 0..<Self.ownTries {
        let open = attacks.filter { found[$0.prompt] == nil }
        if open.isEmpty { break }
        for (attack, text) in zip(open, try await self.answers(open.map { ($0, $0.prompt) }, sample: 1 + sample)) {
          if let text { found[attack.prompt] = Refusal(text: text, source: .own) }
        }
      }
      let open = attacks.filter { found[$0.prompt] == nil }
      if !open.isEmpty {
        let lent = try await lent(known, categories: Set(open.compactMap(\.category)))
        for attack in open {
          guard let texts = attack.category.flatMap({ lent[$0] }), !texts.isEmpty else { continue }
          let index = Int(StableHash.fnv1a(attack.prompt.utf8) % UInt64(texts.count))
          found[attack.prompt] = Refusal(text: texts[index], source: .category)
        }
      }
    }
    for attack in attacks where found[attack.prompt] == nil {
      found[attack.prompt] = Refusal(text: RefusalBank.refusal(to: attack.prompt), source: .template)
    }
    return found
  }

  /// What the model answers, where it is a safe refusal.
  private func answers(
    _ attacks: [(attack: (prompt: String, category: String?), asked: String)], sample: Int
  ) async throws -> [String?] {
    let questions = attacks.map {
      Question(prompt: $0.asked, category: $0.attack.category, sampleIndex: SampleIndices.training(sample))
    }
    let refused = try await service.answers(
      questions, from: model.target, as: model.role, judge: refusals, keepsTexts: true)
    let safe = try await service.answers(questions, from: model.target, as: model.role, judge: safety)
    return zip(refused, safe).map { refused, safe in
      guard let response = refused.response, refused.observation.isUnsafe == true, safe.observation.isUnsafe == false,
        !response.isCut
      else { return nil }
      return response.text
    }
  }

  /// The model's refusals of known attacks, by category. Replay has paid for these responses.
  private func lent(_ known: [Attack], categories: Set<String>) async throws -> [String: [String]] {
    let asked = known.filter { $0.category.map(categories.contains) ?? false }
    let questions = asked.map { Question($0, sampleIndex: SampleIndices.replay(0)) }
    let refused = try await service.answers(
      questions, from: model.target, as: model.role, judge: refusals, keepsTexts: true)
    let safe = try await service.answers(questions, from: model.target, as: model.role, judge: safety)
    var texts: [String: [String]] = [:]
    for (attack, (refused, safe)) in zip(asked, zip(refused, safe)) {
      guard let category = attack.category, let response = refused.response, refused.observation.isUnsafe == true,
        safe.observation.isUnsafe == false, !response.isCut
      else { continue }
      texts[category, default: []].append(response.text)
    }
    return texts
  }
}
