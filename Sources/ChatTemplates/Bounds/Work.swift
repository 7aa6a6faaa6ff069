/// Counts the work of one rendering and bounds what it makes; a hostile template ends here.
final class Work {
  private var steps = 0

  /// Counts steps.
  /// - Throws: `Fault` (limit) where there were too many.
  func spend(_ count: Int = 1) throws {
    let (sum, overflow) = steps.addingReportingOverflow(count)
    steps = sum
    guard !overflow, steps <= Limits.steps else {
      throw Fault("it takes more than \(Limits.steps) steps", .limit)
    }
  }

  /// Counts a text that is copied, compared or searched.
  func spend(bytes: Int) throws {
    guard bytes <= Limits.text else { throw Fault("a text of more than \(Limits.text) bytes", .limit) }
    try spend(1 + bytes / Limits.bytesPerStep)
  }

  /// Counts a text whose characters are looked at one by one.
  func spend(readingEach text: String) throws { try spend(1 + text.utf8.count / Limits.readBytesPerStep) }

  /// Counts the elements of a list that is made or read.
  func spend(elements: Int) throws {
    guard elements <= Limits.elements else { throw Fault("a list of more than \(Limits.elements) elements", .limit) }
    try spend(1 + elements)
  }

  /// Counts a search for a member among `count`, which goes through them from the front.
  func spend(searching count: Int) throws { try spend(1 + count / 8) }

  /// The text, counted as one that was made.
  func made(_ text: String) throws -> String {
    try spend(bytes: text.utf8.count)
    return text
  }
}

/// A text in the making that ends at the limit, whatever is added.
struct GrowingText {
  private(set) var text = ""
  private let work: Work

  init(_ work: Work) { self.work = work }

  /// - Throws: `Fault` (limit) before the text becomes too long.
  mutating func append(_ part: some StringProtocol) throws {
    let count = part.utf8.count
    guard text.utf8.count + count <= Limits.text else {
      throw Fault("a text of more than \(Limits.text) bytes", .limit)
    }
    try work.spend(bytes: count)
    text += part
  }
}
