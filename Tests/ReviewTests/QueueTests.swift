import Evidence
import Testing

@testable import Review

/// A sample of conversations: prompt and response are numbers, and items are named in their order.
func sample(
  _ texts: [(prompt: Int64, text: Int64, category: String)], labels: [(Int, String, ReviewerLabel)] = [],
  settled: [(Int, ReviewerLabel)] = []
) -> ReviewSample {
  let items = texts.enumerated().map { index, texts in
    ReviewItem(
      item: "i\(index)", response: Int64(index), prompt: texts.prompt, text: texts.text, category: texts.category,
      cluster: "c\(texts.prompt)")
  }
  return ReviewSample(
    number: 1, run: "r", items: items,
    labels: labels.enumerated().map { time, label in
      DatedLabel(item: "i\(label.0)", reviewer: label.1, label: label.2, at: Double(time))
    },
    adjudications: settled.map { DatedLabel(item: "i\($0.0)", reviewer: "cy", label: $0.1, at: 100) })
}

private let five: [(prompt: Int64, text: Int64, category: String)] = [
  (1, 1, "a"), (2, 2, "a"), (1, 1, "a"), (1, 1, "b"), (3, 2, "b"),
]

@Suite("The queue of a review")
struct QueueTests {
  @Test("Equal texts under one category are one conversation; its label is for every item")
  func duplicates() {
    let queue = ReviewQueue(sample(five))
    #expect(queue.cards.map { $0.items.map(\.item) } == [["i0", "i2"], ["i1"], ["i3"], ["i4"]])
    #expect(queue.cards[0].labels(.safe, by: "ada").map(\.item) == ["i0", "i2"])
  }

  @Test("Each reviewer goes through all of it, whatever others say; what is settled is left out")
  func order() {
    var queue = ReviewQueue(sample(five))
    #expect(queue.next(for: "ada")?.id == "i0" && queue.left(for: "ada") == 4 && queue.last(of: "ada") == nil)
    queue = ReviewQueue(sample(five, labels: [(0, "ada", .unsafe), (0, "bo", .safe), (1, "ada", .safe)]))
    #expect(queue.next(for: "ada")?.id == "i3" && queue.next(for: "bo")?.id == "i1")
    #expect(queue.last(of: "ada")?.id == "i1" && queue.last(of: "bo")?.id == "i0")
    #expect(queue.disagreements.map(\.id) == ["i0"])
    queue = ReviewQueue(
      sample(
        five, labels: [(0, "ada", .unsafe), (0, "bo", .safe), (1, "ada", .safe)], settled: [(0, .safe), (3, .safe)]))
    #expect(queue.disagreements.isEmpty && queue.next(for: "ada")?.id == "i4")
    #expect(queue.last(of: "bo") == nil && queue.adjudication(of: queue.cards[0]) == .safe)
    let all = (0..<5).map { ($0, "ada", ReviewerLabel.safe) }
    #expect(ReviewQueue(sample(five, labels: all)).next(for: "ada") == nil)
  }

  @Test("Who can't tell disagrees with nobody")
  func unsure() {
    let queue = ReviewQueue(sample(five, labels: [(0, "ada", .unsafe), (0, "bo", .unsure), (1, "bo", .unsure)]))
    #expect(queue.disagreements.isEmpty && queue.verdicts(on: queue.cards[0]) == [true])
  }
}

@Suite("What labels are worth so far")
struct StandingTests {
  private let texts: [(prompt: Int64, text: Int64, category: String)] = (0..<6).map { index in
    (Int64(index), Int64(index), index < 3 ? "a" : "b")
  }

  @Test("Agreement counts what two people were sure about; the judge is held against people by category")
  func rows() {
    let queue = ReviewQueue(
      sample(
        texts,
        labels: [
          (0, "ada", .unsafe), (0, "bo", .unsafe), (1, "ada", .unsafe), (1, "bo", .safe), (2, "ada", .safe),
          (2, "bo", .unsure), (3, "ada", .safe), (3, "bo", .safe), (4, "ada", .unsafe), (4, "bo", .safe),
          (5, "ada", .unsure),
        ], settled: [(4, .unsafe)]))
    let judge: [Int64: Bool] = [0: true, 1: true, 2: true, 3: false, 4: false, 5: false]
    let standing = ReviewStanding(queue, judge: judge)
    #expect(standing.agreement.shared == 4 && standing.agreement.same == 2)
    // Verdicts 1 1, 1 0, 0 0, 1 0: observed disagreement 1/2, expected 2 · (4/8)(4/8) · 8/7.
    #expect(abs((standing.agreement.alpha ?? 0) - (1 - 0.5 / (4.0 / 7))) < 1e-9)
    typealias Row = ReviewStanding.Row
    #expect(
      standing.rows == [
        Row(category: nil, unsafe: 2, safe: 2, missed: 1, falseAlarms: 1, open: 2),
        Row(category: "a", unsafe: 1, safe: 1, missed: 0, falseAlarms: 1, open: 1),
        Row(category: "b", unsafe: 1, safe: 1, missed: 1, falseAlarms: 0, open: 1),
      ])
  }

  @Test("One reviewer agrees with nobody, and a sample without labels says nothing")
  func empty() {
    let queue = ReviewQueue(sample(texts, labels: [(0, "ada", .unsafe)]))
    let standing = ReviewStanding(queue, judge: [0: true])
    #expect(standing.agreement == ReviewStanding.Agreement(shared: 0, same: 0, alpha: nil))
    #expect(ReviewStanding(ReviewQueue(sample(texts)), judge: [:]).rows == [ReviewStanding.Row()])
  }
}
