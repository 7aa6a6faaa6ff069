import Core

/// An attack of the suite, and which model it was found on.
struct SuiteAttack: Hashable, Sendable {
  let attack: Attack
  /// Fingerprint of the model whose weakness it shows; nil for attacks from a suite file.
  let foundOn: String?
}

/// The attacks of one run: the suite file's, and those that former runs confirmed.
///
/// **No model is measured on attacks that were chosen by looking at its own answers.** An attack found on the
/// candidate (in an earlier run of the same model) is left out of what replay says about the candidate; one found on
/// either model is left out of their comparison: it was picked *because* that model fails, and would count against
/// it alone; neither is it looked at as newly broken. What is left out is still replayed and in the ledger.
struct AttackSuite: Sendable {
  let attacks: [SuiteAttack]
  let candidate: String
  let baseline: String?

  /// Attacks that measure the candidate alone.
  func measuresCandidate(_ attack: SuiteAttack) -> Bool { attack.foundOn != candidate }

  /// Attacks that compare candidate and baseline without favour.
  func comparesModels(_ attack: SuiteAttack) -> Bool {
    attack.foundOn == nil || (attack.foundOn != candidate && attack.foundOn != baseline)
  }
}
