import Policies

/// What a policy says that weakens its verdicts, beside its rule and its checks.
struct PolicyWeakenings {
  let sentences: [String]

  /// Names a run and its files, says which model is under test (the headline names it), or sets how it is reached: what a
  /// pipeline sets on every run. Provenance lists these as all others; a remark on every run would be read by nobody.
  private static let usual =
    ["name", "ledger.path", "budget.wall_clock"]
    + ["csv", "html", "json", "junit", "markdown", "sarif", "language", "webhook.url", "otlp.url"].map {
      "report.\($0)"
    }
    + ["checkpoint", "concurrency", "model", "retries", "revision", "timeout", "url"].map { "targets.candidate.\($0)" }

  init(_ policy: Policy) {
    func sentence(_ overrides: [String]) -> [String] {
      overrides.isEmpty ? [] : ["Values of the policy were overridden: \(overrides.joined(separator: ", "))."]
    }
    let isUsual = { (override: String) in Self.usual.contains { override.hasPrefix($0 + "=") } }
    var sentences =
      policy.observes
      ? ["The policy only observes (mode: observe): no verdict blocks, and none is attested as a pass."] : []
    sentences += sentence(policy.overrides.filter { !isUsual($0) })
    if let reward = policy.rewardJudge, reward == policy.confirmJudge {
      sentences.append(
        "The reward judge confirms its own rewards: attacks that only fool this judge count as confirmed.")
    }
    if let rate = policy.fresh.confirmation.rate, rate > 0.5 {
      sentences.append(
        "Fresh attacks count only where they work more often than \(rate) of the time (fresh.confirm.rate): an attack that works "
          + "half of the time doesn't.")
    }
    if policy.suite.rewriters.contains(where: { $0.target.recipe.isSame(as: policy.candidate.recipe) }) {
      sentences.append(
        "The candidate rewrites its own attacks (suite.rewriter): the next candidate will rewrite them otherwise, and a model that "
          + "would fall for a request may spoil it first.")
    }
    if let driver = policy.attacker?.driver, driver.recipe.isSame(as: policy.candidate.recipe) {
      sentences.append(
        "The candidate writes the conversations that attack it (attacker.driver): the next candidate will write others, and a model "
          + "that can't lead a conversation finds no weakness of its own.")
    }
    self.sentences = sentences
  }
}
