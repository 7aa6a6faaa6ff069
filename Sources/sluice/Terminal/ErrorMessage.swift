import Core
import Logging

extension StandardError {
  /// `sluice: error: file:line:column: message` and the remedy on a line of its own.
  static func write(_ error: SluiceError) {
    var metadata: Logger.Metadata = ["exit": .stringConvertible(Int(error.exitCode.rawValue))]
    if let place = error.location { metadata["place"] = "\(place)" }
    if let remedy = error.remedy { metadata["remedy"] = "\(remedy)" }
    say("sluice: error: \(error.shown)\n", .error, error.message, metadata, isLast: true)
  }
}

extension SluiceError {
  /// The description with everything in it that isn't Sluice's own kept on its line.
  fileprivate var shown: String {
    (place.map { "\(VisibleText.line($0)) " } ?? "") + VisibleText.line(message)
      + (remedy.map { "\n  \(VisibleText.line($0))" } ?? "")
  }

  /// What comes before the message; an override's key is said once.
  private var place: String? {
    guard let name = location?.description else { return nil }
    if name.hasPrefix("--set ") {
      let key = name.dropFirst("--set ".count)
      if message.hasPrefix("\(key): ") || message.hasPrefix("\(key) (") { return "--set" }
    }
    return name + ":"
  }
}
