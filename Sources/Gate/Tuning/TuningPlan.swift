import Core
import Policies
import SafetyTuning
import Suites

/// What the tune stage needs, with everything loaded.
struct TuningPlan: Sendable {
  struct Method: Sendable {
    let name: String
    let attacker: any Attacker
  }

  var methods: [Method]
  /// Whether there is a variant on all methods' attacks.
  var combines: Bool
  var tuner: any Tuner
  /// Makes a variant ready to be asked, as the candidate is asked.
  var load: @Sendable (_ model: TunedModel, _ variant: String) throws -> Participant
  /// Target responses of one search with its confirmation.
  var responses: Int
  var restarts: Int
  /// The last proposals of each search, asked anew.
  var proposals: Int
  var heldOut: Double
  var mostAttacks: Int
  /// Harmless prompts to tune on, and how many for each attack.
  var benign: [BenignQuestion]
  var benignRatio: Double
  var refusals: TuningPolicy.Refusals
  /// Asks the model to refuse; holds `{prompt}`.
  var instruction: String
  var quiz: [QuizQuestion]
  var rounds: Int
  var folder: String

  /// Names of the variants, in the order of reports.
  var variants: [String] { methods.map(\.name) + (combines ? [TuningPolicy.combined] : []) }
}
