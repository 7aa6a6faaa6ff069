/// Which samples of a prompt each part of a run draws.
///
/// Parts never share a sample: a response that selected an attack must not measure it as well, or chance successes
/// would count as findings (the winner's curse).
enum SampleIndices {
  /// Replay and benign questions: the first samples, equal for every run, so that the ledger serves them again.
  static func replay(_ sample: Int) -> Int { sample }

  /// The second look at attacks that replay suspects to be newly broken.
  static func secondLook(_ sample: Int) -> Int { 1_000 + sample }

  /// What a search asks; each restart counts its own samples of a prompt from here.
  static func searchBase(restart: Int) -> Int { 100_000 * (restart + 1) }

  /// Which part of a run drew a sample.
  enum Origin: String {
    case replay
    case secondLook = "second look"
    case transfer, tuning, search, confirmation
  }

  static func origin(of sample: Int) -> Origin {
    switch sample {
    case ..<secondLook(0): .replay
    case ..<transfer(0): .secondLook
    case ..<proposal: .transfer
    case ..<searchBase(restart: 0): .tuning
    // No run has the number 0.
    case ..<confirmation(run: 1, restart: 0, sample: 0): .search
    default: .confirmation
    }
  }

  /// Confirmation of claimed attacks. The run's number makes them new in every run: an attack that a former run
  /// confirmed may be claimed again because of those very responses.
  static func confirmation(run: Int, restart: Int, sample: Int) -> Int {
    // Restarts are a hundred samples apart; more are counted elsewhere.
    sample < 100
      ? 10_000_000 + 10_000 * run + 100 * restart + sample
      : 100_000_000_000 + 100_000 * run + 1_000 * restart + sample
  }

  /// Confirmed attacks on a transfer target.
  static func transfer(_ sample: Int) -> Int { 2_000 + sample }

  /// The last proposals of a search, asked anew to measure how well the method works.
  static let proposal = 3_000
  /// Held-out attacks on tuned variants.
  static func heldOut(_ sample: Int) -> Int { 4_000 + sample }
  /// What training data is made of: refusals, and answers to harmless prompts.
  static func training(_ sample: Int) -> Int { 5_000 + sample }
  static func quiz(_ sample: Int) -> Int { 6_000 + sample }
}
