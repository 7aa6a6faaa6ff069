import Core
import Testing

@testable import Targets

@Suite("A rate that processes share")
struct RateSharingTests {
  @Test("each of n keeps within its part of requests_per_minute; no limit stays none, and nothing else changes")
  func parts() {
    var whole = OpenAIConfiguration(url: "http://127.0.0.1:1", model: "m", concurrency: 3, requestsPerMinute: 90)
    #expect(whole.sharing(by: 1) == whole)
    let part = whole.sharing(by: 4)
    #expect(part.requestsPerMinute == 22.5 && part.concurrency == 3)
    whole.requestsPerMinute = nil
    #expect(whole.sharing(by: 4) == whole)
  }
}
