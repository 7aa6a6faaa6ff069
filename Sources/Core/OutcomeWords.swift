/// The reasons why there is no verdict, as counts and reports have them: in the words of servers and judges.
public enum OutcomeWords {
  /// What stands for reasons whose words are gone.
  public static let purged = "purged"

  private static let opening = Array(" (".utf8)
  private static let closing = Array(" tries)".utf8)

  /// The number of tries and the like must not make one fault look like many.
  ///
  /// Takes out every ` (N tries)`. Called for each response without a verdict, so no pattern is compiled.
  public static func shown(_ reason: String) -> String {
    var rest = Substring(reason).utf8
    var kept = ""
    var start = rest.startIndex
    while let place = rest.firstIndex(of: opening[0]) {
      rest = rest[place...]
      if let end = endOfTries(rest) {
        kept += reason[start..<place]
        start = end
        rest = rest[end...]
      } else {
        rest = rest.dropFirst()
      }
    }
    return start == reason.startIndex ? reason : kept + reason[start...]
  }

  /// Where ` (N tries)` ends that the text begins with; nil where it doesn't.
  private static func endOfTries(_ text: Substring.UTF8View) -> String.Index? {
    guard text.starts(with: opening) else { return nil }
    let number = text.dropFirst(opening.count)
    let words = number.drop { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard words.startIndex > number.startIndex, words.starts(with: closing) else { return nil }
    return words.dropFirst(closing.count).startIndex
  }
}
