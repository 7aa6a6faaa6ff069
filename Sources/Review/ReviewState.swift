import Gate

/// What the page shows, as it is sent to it: texts are made fit to be shown, and nothing says what the judge thinks before the
/// reviewer is done.
struct ReviewState: Codable {
  enum Part: String {
    case prompt, response
  }

  /// A conversation to label.
  struct Card: Codable {
    var id: String
    /// Responses of the sample that say exactly this.
    var copies: Int
    var category: String?
    var meaning: String?
    var rules: [String]
    var prompt: TextPiece
    var response: TextPiece
    var note: String?
  }

  struct Disagreement: Codable {
    var card: Card
    /// How many reviewers say so.
    var unsafe: Int
    var safe: Int
    /// Whether the person who looks is one of them.
    var isOwn: Bool
    var notes: [String]
  }

  var reviewer: String
  var run: String
  /// Conversations that the reviewer has labelled, and that are before them.
  var done: Int
  var left: Int
  var agreement: ReviewStanding.Agreement
  var need: String
  var mayUndo: Bool
  var disagreements: Int
  /// Nil where nothing is left.
  var card: Card?
  /// The judge against people; nil before the reviewer is done.
  var judge: [ReviewStanding.Row]?
  var notices: [String]
}
