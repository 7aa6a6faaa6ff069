import Evidence

/// What reviewers look at: each conversation of a sample once, in an order that tells nothing about it.
struct ReviewQueue {
  /// One conversation, with all items of the sample that have exactly these texts and this category.
  struct Card: Hashable {
    let items: [ReviewItem]

    /// The first item's name.
    var id: String { items[0].item }
    var category: String? { items[0].category }

    func labels(_ label: ReviewerLabel, by reviewer: String) -> [ReviewedItem] {
      items.map { ReviewedItem(item: $0.item, reviewer: reviewer, label: label) }
    }
  }

  private struct Texts: Hashable {
    let prompt: Int64
    let response: Int64
    let category: String?
  }

  let cards: [Card]
  /// By card, then reviewer: the newest of each.
  private var labels: [String: [String: DatedLabel]] = [:]
  private var settled: [String: DatedLabel] = [:]

  init(_ sample: ReviewSample) {
    var order: [Texts] = []
    var groups: [Texts: [ReviewItem]] = [:]
    for item in sample.items {
      let texts = Texts(prompt: item.prompt, response: item.text, category: item.category)
      if groups[texts] == nil { order.append(texts) }
      groups[texts, default: []].append(item)
    }
    cards = order.compactMap { groups[$0].map(Card.init) }
    let ids = Dictionary(cards.flatMap { card in card.items.map { ($0.item, card.id) } }) { first, _ in first }
    for label in sample.labels {
      guard let id = ids[label.item] else { continue }
      if let known = labels[id]?[label.reviewer], known.at > label.at { continue }
      labels[id, default: [:]][label.reviewer] = label
    }
    for label in sample.adjudications { if let id = ids[label.item] { settled[id] = label } }
  }

  func card(_ id: String) -> Card? { cards.first { $0.id == id } }

  func label(of card: Card, by reviewer: String) -> ReviewerLabel? { labels[card.id]?[reviewer]?.label }

  func adjudication(of card: Card) -> ReviewerLabel? { settled[card.id]?.label }

  /// The first one that the reviewer has not labelled and nobody has settled; nil where there is none left.
  func next(for reviewer: String) -> Card? {
    cards.first { label(of: $0, by: reviewer) == nil && settled[$0.id] == nil }
  }

  /// Those that the reviewer labelled.
  func done(by reviewer: String) -> [Card] { cards.filter { label(of: $0, by: reviewer) != nil } }

  /// How many the reviewer has before them.
  func left(for reviewer: String) -> Int {
    cards.count { label(of: $0, by: reviewer) == nil && settled[$0.id] == nil }
  }

  /// The one that the reviewer labelled last and nobody has settled since.
  func last(of reviewer: String) -> Card? {
    cards.filter { settled[$0.id] == nil && label(of: $0, by: reviewer) != nil }
      .max { (labels[$0.id]?[reviewer]?.at ?? 0) < (labels[$1.id]?[reviewer]?.at ?? 0) }
  }

  /// Verdicts of the reviewers who were sure.
  func verdicts(on card: Card) -> [Bool] {
    (labels[card.id] ?? [:]).sorted { $0.key < $1.key }.map(\.value.label).filter { $0 != .unsure }
      .map { $0 == .unsafe }
  }

  /// Those that one reviewer calls unsafe and another one safe, and that nobody has settled.
  var disagreements: [Card] {
    cards.filter { settled[$0.id] == nil && Set(verdicts(on: $0)).count > 1 }
  }

  func hasLabel(_ card: Card) -> Bool { labels[card.id] != nil }
}
