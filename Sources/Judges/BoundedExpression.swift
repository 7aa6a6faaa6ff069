import Foundation

/// A regular expression whose matching is given up after a number of steps.
///
/// Some patterns need time exponential in the text's length: `(a+)+$` on forty letters outlives the run. And where one
/// needs more memory than the engine allows itself, it reports no match: of a judge that would be "safe". Both are told
/// apart from a text without a match here.
struct BoundedExpression: Sendable {
  enum Outcome: Hashable {
    case found, absent
    case gaveUp(Reason)
  }

  enum Reason: Hashable {
    case tooLong, tooMuchMemory

    /// After "the pattern on line 3".
    var wording: String {
      switch self {
      case .tooLong: "took too long"
      case .tooMuchMemory: "needs too much memory on this text"
      }
    }
  }

  /// Reports of progress before matching is given up. The engine (ICU) makes one at each place where it begins and one
  /// every 10,000 steps; the former are allowed for apart. It is a matter of a second.
  static let patience = 3_000

  /// `NSRegularExpression` is immutable and documented as safe to share.
  private let expression: NSRegularExpression

  /// - Throws: where the pattern is no regular expression.
  init(_ pattern: String, caseless: Bool = true) throws {
    expression = try NSRegularExpression(pattern: pattern, options: caseless ? [.caseInsensitive] : [])
  }

  /// - Parameter text: normalised, where the expression is a rule's.
  func outcome(in text: String, patience: Int = Self.patience) -> Outcome {
    let whole = NSRange(location: 0, length: text.utf16.count)
    var reportsLeft = whole.length + 1 + patience
    var outcome = Outcome.absent
    expression.enumerateMatches(in: text, options: [.reportProgress, .reportCompletion], range: whole) {
      match, flags, stop in
      if match != nil {
        outcome = .found
        stop.pointee = true
      } else if flags.contains(.internalError) {
        outcome = .gaveUp(.tooMuchMemory)
      } else if flags.contains(.progress) {
        reportsLeft -= 1
        if reportsLeft < 0 {
          outcome = .gaveUp(.tooLong)
          stop.pointee = true
        }
      }
    }
    return outcome
  }

  /// The first match, for expressions that can't take long, such as a single class of characters.
  func firstMatch(in text: String, from start: Int) -> NSRange? {
    expression.firstMatch(in: text, range: NSRange(location: start, length: text.utf16.count - start))?.range
  }
}
