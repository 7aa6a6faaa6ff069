import Foundation

/// A regular expression whose matching is given up after a number of steps.
///
/// Some patterns need time exponential in the text's length: `(a+)+$` on forty letters outlives the run. And where one
/// needs more memory than the engine allows itself, it reports no match: of a judge that would be "safe". Both are told
/// apart from a text without a match here.
public struct BoundedExpression: Sendable {
  /// How a search in a text ended.
  public enum Outcome: Hashable {
    /// The pattern matches somewhere, or nowhere.
    case found, absent
    /// Nothing is known of the text: matching was given up.
    case gaveUp(Reason)
  }

  /// Why matching was given up.
  public enum Reason: Hashable {
    /// It took more than `patience` reports of progress, or more memory than the engine allows itself.
    case tooLong, tooMuchMemory

    /// After "the pattern on line 3".
    public var wording: String {
      switch self {
      case .tooLong: "took too long"
      case .tooMuchMemory: "needs too much memory on this text"
      }
    }
  }

  /// Reports of progress before matching is given up. The engine (ICU) makes one every 10,000 steps. It is a matter of a
  /// fraction of a second.
  public static let patience = 300

  /// `NSRegularExpression` is immutable and documented as safe to share.
  private let expression: NSRegularExpression
  /// Matches at the beginning of a text where `expression` matches anywhere in it.
  ///
  /// The engine also reports every place where it begins to match, and nothing tells these reports from those of its
  /// steps: the reports that fifty thousand places are allowed would let a pattern spend minutes at the first of them.
  /// This one begins once. For short texts it is not worth its price: the engine can't skip to where a match may begin.
  private let fromTheBeginning: NSRegularExpression?

  /// UTF-16 units of the longest text in which places may be looked at one by one.
  private static let short = 250
  /// UTF-16 units of a long text that are worth one more report.
  private static let unitsPerReport = 50

  /// - Throws: where the pattern is no regular expression.
  public init(_ pattern: String, caseless: Bool = true) throws {
    let options: NSRegularExpression.Options = caseless ? [.caseInsensitive] : []
    expression = try NSRegularExpression(pattern: pattern, options: options)
    // A comment of (?x) or an open \Q would swallow the parenthesis; then the pattern is none, and the next one is tried.
    fromTheBeginning =
      [")", "\n)", "\\E)"].lazy.compactMap { end in
        try? NSRegularExpression(pattern: "(?s:.*?)(?:" + pattern + end, options: options)
      }.first
  }

  /// Whether the pattern matches anywhere in a text.
  /// - Parameters:
  ///   - text: normalised, where the expression is a rule's.
  ///   - patience: reports of 10,000 steps each; a long text is worth some more.
  public func outcome(in text: String, patience: Int = Self.patience) -> Outcome {
    let whole = NSRange(location: 0, length: text.utf16.count)
    if whole.length > Self.short, let fromTheBeginning {
      return Self.outcome(
        of: fromTheBeginning, in: text, whole, options: .anchored,
        reports: patience + whole.length / Self.unitsPerReport)
    }
    return Self.outcome(of: expression, in: text, whole, options: [], reports: whole.length + 1 + patience)
  }

  private static func outcome(
    of expression: NSRegularExpression, in text: String, _ whole: NSRange, options: NSRegularExpression.MatchingOptions,
    reports: Int
  ) -> Outcome {
    var reportsLeft = reports
    var outcome = Outcome.absent
    expression.enumerateMatches(
      in: text, options: options.union([.reportProgress, .reportCompletion]), range: whole
    ) {
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
  public func firstMatch(in text: String, from start: Int) -> NSRange? {
    expression.firstMatch(in: text, range: NSRange(location: start, length: text.utf16.count - start))?.range
  }
}
