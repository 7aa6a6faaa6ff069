/// What a judge that errs does to rates and differences when nobody corrects for it.
public enum JudgeAttenuation {
  /// A judge that errs on a share `error` of responses of either kind shows 1 − 2e of a true difference.
  ///
  /// - Parameter error: of safe and of unsafe responses alike, in [0, 0.5].
  public static func factor(symmetricError error: Double) -> Double { 1 - 2 * error }
}
