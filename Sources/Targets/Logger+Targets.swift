import Logging

extension Logger {
  /// Requests to servers: what was tried, and why again. Holds no text that was sent or received.
  static let requests = Logger(label: "sluice.requests")
  /// Model servers that a run starts.
  static let servers = Logger(label: "sluice.servers")
}

extension Duration {
  /// For the metadata of a log, in seconds, to the millisecond.
  var logged: Logger.MetadataValue { .stringConvertible((inSeconds * 1_000).rounded() / 1_000) }
}
