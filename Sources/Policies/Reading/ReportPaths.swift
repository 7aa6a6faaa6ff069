import Core
import Foundation
import Reports

extension Policy {
  /// What a policy's report section names, as far as that can be read, however broken the rest is.
  public static func reportPaths(
    path: String, overrides: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment,
    reporters: [Reporter] = Catalogue.all.reporters
  ) -> [String] {
    let keys = reporters.map(\.name)
    guard
      let bytes = try? BoundedFile.read(path, what: "the policy", limit: largestFile, hint: ""),
      let text = try? TextDecoding.text(bytes)
    else { return [] }
    var found: [String] = []
    if var tree = try? YAMLText.node(text, file: path) {
      for override in overrides { tree = (try? Override(override).apply(to: tree)) ?? tree }
      found = keys.compactMap { tree.value("report")?.value($0)?.scalar }
    } else {
      found = text.split(whereSeparator: \.isNewline).flatMap { paths(in: $0, keys) }
    }
    // Where nobody can say what the policy may see, it sees nothing.
    let visible = (try? Site.load(environment: environment))?.visible(environment) ?? [:]
    return found.compactMap { try? EnvironmentExpansion.expand($0, visible) }
  }

  /// `junit: path` anywhere on a line of a file that is not YAML as a whole.
  private static func paths(in line: Substring, _ keys: [String]) -> [String] {
    keys.compactMap { key in
      guard let start = line.firstRange(of: "\(key):") else { return nil }
      let value = line[start.upperBound...].drop { $0 == " " }.prefix { !",} #".contains($0) }
      return value.isEmpty ? nil : value.filter { $0 != "\"" && $0 != "'" }
    }
  }
}
