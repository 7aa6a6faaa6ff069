/// The environment variables that a program of a policy gets: those that the policy names, and what any program needs to run.
///
/// Sluice's own environment may hold keys, so nothing else is handed on.
public enum ProgramEnvironment {
  private static let ordinary = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "LD_LIBRARY_PATH",
  ]
  private static let localePrefix = "LC_"

  /// The names of those that every program gets, as a list for people.
  public static let usual = (ordinary + [localePrefix + "*"]).joined(separator: ", ")

  /// The variables of `environment` that a program gets.
  /// - Parameter names: variables that the policy hands on.
  public static func variables(of environment: [String: String], named names: [String]) -> [String: String] {
    environment.filter { ordinary.contains($0.key) || $0.key.hasPrefix(localePrefix) || names.contains($0.key) }
  }
}
