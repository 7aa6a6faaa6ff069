import Core
import FakeServer
import Foundation

@testable import Targets

/// A target on a fake server, in any protocol, with back-off that takes no time.
func served(
  _ dialogue: some ServerDialogue, on url: String, model: String = "test-model",
  settings: SamplingSettings = SamplingSettings(), environment: [String: String] = [:],
  _ adjust: (inout ServerConfiguration) -> Void = { _ in }
) throws -> ServedTarget {
  var configuration = ServerConfiguration(url: url, model: model, retries: 2)
  adjust(&configuration)
  let retry = RetryPolicy(retries: configuration.retries, base: .milliseconds(1))
  return ServedTarget(
    try ServedClient(configuration, dialogue, environment: environment, retry: retry), settings: settings)
}

extension FakeRequest {
  /// The body as JSON.
  var json: JSON { (try? JSON(parsing: body)) ?? .null }
}

extension FakeReply {
  /// One of the replies that `Replies/check_replies.py` holds against the providers' own clients.
  static func recorded(_ name: String, status: Int = 200) throws -> FakeReply {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Replies")
    return .json(try String(contentsOf: folder.appending(path: name + ".json"), encoding: .utf8), status: status)
  }
}
