/// The reasons why there is no verdict, as counts and reports have them: in the words of servers and judges.
public enum OutcomeWords {
  /// What stands for reasons whose words are gone.
  public static let purged = "purged"

  /// The number of tries and the like must not make one fault look like many.
  public static func shown(_ reason: String) -> String { reason.replacing(#/ \(\d+ tries\)/#, with: "") }
}
