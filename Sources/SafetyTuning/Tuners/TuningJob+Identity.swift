import Core
import Foundation

extension TuningJob {
  /// Tells this job from another one in the same folder: by the tuner, the data and the seed.
  func identity(_ fingerprint: String) -> String {
    let settings = StableHash.fnv1a("\(fingerprint)|\(variant)|\(seed)|".utf8)
    return String(hexadecimal: settings) + String(hexadecimal: StableHash.fnv1a(data.chatLines.utf8, from: settings))
  }

  /// What no message may repeat.
  var privateTexts: [String] { data.examples.flatMap { [$0.prompt, $0.response] } }

  /// The folder's address from anywhere.
  var absoluteFolder: String { URL(fileURLWithPath: folder).standardizedFileURL.path }
}

/// Names under which a server can serve a model.
enum ServedModelName {
  static let longest = 200

  /// One word of at most 200 bytes, without control characters and other invisible ones.
  static func isUsable(_ name: String) -> Bool {
    guard (1...longest).contains(name.utf8.count) else { return false }
    return name.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator: false
      case .surrogate, .unassigned, .privateUse: false
      default: true
      }
    }
  }
}
