import Core
import Foundation

extension Policy {
  /// What a policy's report section names, as far as that can be read, however broken the rest is.
  public static func reportPaths(
    path: String, overrides: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> [String] {
    guard
      let bytes = try? BoundedFile.read(path, what: "the policy", limit: largestFile, hint: ""),
      let text = try? TextDecoding.text(bytes)
    else { return [] }
    var found: [String] = []
    if var tree = try? YAMLText.node(text, file: path) {
      for override in overrides { tree = (try? Override(override).apply(to: tree)) ?? tree }
      found = reportKeys.compactMap { tree.value("report")?.value($0)?.scalar }
    } else {
      found = text.split(whereSeparator: \.isNewline).flatMap(paths(in:))
    }
    // Where nobody can say what the policy may see, it sees nothing.
    let visible = (try? Site.load(environment: environment))?.visible(environment) ?? [:]
    return found.compactMap { try? EnvironmentExpansion.expand($0, visible) }
  }

  private static let reportKeys = ["junit", "html", "markdown", "json"]

  /// `junit: path` anywhere on a line of a file that is not YAML as a whole.
  private static func paths(in line: Substring) -> [String] {
    reportKeys.compactMap { key in
      guard let start = line.firstRange(of: "\(key):") else { return nil }
      let value = line[start.upperBound...].drop { $0 == " " }.prefix { !",} #".contains($0) }
      return value.isEmpty ? nil : value.filter { $0 != "\"" && $0 != "'" }
    }
  }
}
