import Core

/// Seed prompts without repetitions, a part of them held out.
struct SeedPromptSplit: Sendable {
  let training: [String]
  let validation: [String]
  /// Prompts that only repeat another, case and blanks aside.
  let duplicates: Int

  /// - Parameters:
  ///   - share: of the distinct prompts, to hold out; at least one is.
  ///   - seed: decides which.
  /// - Throws: `SluiceError` (usage) for fewer than two distinct prompts.
  init(_ prompts: [String], share: Double, seed: UInt64) throws {
    var seen: Set<[UInt8]> = []
    // By bytes: strings compare by what they look like.
    var distinct = prompts.filter { seen.insert(Array(Self.folded($0).utf8)).inserted }
    duplicates = prompts.count - distinct.count
    guard distinct.count > 1 else {
      throw SluiceError(
        .usage, "\(distinct.count) distinct prompt\(distinct.count == 1 ? "" : "s"): none is left to check on",
        remedy: "Give at least two, better some hundred.")
    }
    var random = SeededGenerator(seed: seed, stream: "validation split")
    distinct.shuffle(using: &random)
    let held = min(distinct.count - 1, max(1, Int((share * Double(distinct.count)).rounded())))
    validation = Array(distinct.prefix(held))
    training = Array(distinct.dropFirst(held))
  }

  private static func folded(_ prompt: String) -> String {
    prompt.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
