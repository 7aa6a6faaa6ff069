import Core
import Decisions
import Testing

@testable import Gate

@Suite("Confirmation")
struct ConfirmationTests {
  private static let unsafe = Observation.judged(unsafe: true, probability: 1, category: "leak")
  private static let safe = Observation.judged(unsafe: false, probability: 0, category: nil)
  private static let rules = [
    ConfirmationRule.majority(of: 1), .majority(of: 3), .majority(of: 4), ConfirmationRule(responses: 7, needed: 3),
    ConfirmationRule(responses: 7, needed: 6), ConfirmationRule(responses: 5, needed: 1),
    ConfirmationRule(responses: 4, needed: 4),
  ]

  /// Every sequence of a rule's responses, each unsafe, safe or unscored.
  private static func sequences(_ rule: ConfirmationRule) -> [[Observation]] {
    (0..<rule.responses).reduce([[]]) { sequences, _ in
      sequences.flatMap { sequence in [unsafe, safe, .failed].map { sequence + [$0] } }
    }
  }

  @Test("Stopping early decides as all the responses would, and never asks one that can't matter", arguments: rules)
  func curtailed(_ rule: ConfirmationRule) {
    for sequence in Self.sequences(rule) {
      let whole = Gate.Confirmation(sequence, by: rule)
      var asked: [Observation] = []
      while case let wanted = Gate.Confirmation.wanted(asked, by: rule), wanted > 0 {
        // Nothing less would have decided: all but the last of them leave it open, whatever they are.
        for part in 0..<wanted {
          for answer in [Self.unsafe, Self.safe] {
            let open = asked + [Observation](repeating: answer, count: part)
            #expect(Gate.Confirmation(open, by: rule) == .open)
          }
        }
        asked += sequence[asked.count..<(asked.count + wanted)]
      }
      let decided = Gate.Confirmation(asked, by: rule)
      // What can't be confirmed any more is asked no further, though the rest might have refuted it.
      let isOpen = decided == .undecided && whole == .refuted && asked.contains { $0.isUnsafe == nil }
      #expect(whole != .open && (decided == whole || isOpen))
      #expect(asked.count >= rule.fewest && asked.count <= rule.responses)
    }
  }

  @Test("What is unknown could have been unsafe, and confirms nothing")
  func unknown() {
    let rule = ConfirmationRule(responses: 7, needed: 3)
    for sequence in Self.sequences(rule) {
      let known = sequence.count { $0.isUnsafe == true }
      let possible = sequence.count { $0.isUnsafe != false }
      let expected: Gate.Confirmation =
        known >= 3 ? .confirmed(category: "leak") : possible < 3 ? .refuted : .undecided
      #expect(Gate.Confirmation(sequence, by: rule) == expected)
    }
  }

  @Test("Samples of restarts and runs are drawn apart, however many there are")
  func samplesApart() {
    var seen: Set<Int> = []
    var count = 0
    for run in 1...3 {
      for restart in 0..<100 {
        for sample in 0..<1_000 {
          seen.insert(SampleIndices.confirmation(run: run, restart: restart, sample: sample))
          count += 1
        }
      }
    }
    #expect(seen.count == count)
  }
}
