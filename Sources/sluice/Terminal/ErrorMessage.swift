import Core

extension StandardError {
  /// `sluice: error: file:line:column: message` and the remedy on a line of its own.
  static func write(_ error: SluiceError) {
    write("sluice: error: \(error.shown)\n", isLast: true)
  }
}

extension SluiceError {
  /// The description with everything in it that isn't Sluice's own kept on its line.
  fileprivate var shown: String {
    (location.map { "\(VisibleText.line($0.description)): " } ?? "") + VisibleText.line(message)
      + (remedy.map { "\n  \(VisibleText.line($0))" } ?? "")
  }
}
