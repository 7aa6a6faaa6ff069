import Core
import Testing

@testable import Targets

@Suite("The address of an OpenAI-compatible server")
struct EndpointTests {
  @Test(
    "is the same however much of the path is written",
    arguments: [
      "http://h:8000", "http://h:8000/", "http://H:8000/v1", "HTTP://h:8000/v1/", "http://h:8000/v1/chat/completions",
    ])
  func joining(text: String) throws {
    #expect(try ServerEndpoint(text, api: .chat).url == "http://h:8000/v1/chat/completions")
    #expect(try ServerEndpoint(text, api: .completions).url == "http://h:8000/v1/completions")
  }

  @Test("keeps a path that has a version of its own, and a query")
  func ownVersion() throws {
    #expect(try ServerEndpoint("https://h/v1beta/openai", api: .chat).url == "https://h/v1beta/openai/chat/completions")
    #expect(try ServerEndpoint("https://h/proxy", api: .chat).url == "https://h/proxy/v1/chat/completions")
    let endpoint = try ServerEndpoint("https://h/v1?api-version=2", api: .completions)
    #expect(endpoint.url == "https://h/v1/completions?api-version=2")
    #expect(endpoint.address == "https://h/v1/completions")
  }

  @Test("is the written one where the path is complete, with or without a version in it")
  func completePath() throws {
    let azure = "https://h/openai/deployments/lamp/chat/completions?api-version=2024-10-21"
    #expect(try ServerEndpoint(azure, api: .chat).url == azure)
    #expect(try ServerEndpoint("http://h/chat/completions", api: .chat).url == "http://h/chat/completions")
    #expect(try ServerEndpoint("http://h/x/completions?a=1", api: .completions).url == "http://h/x/completions?a=1")
    #expect(try ServerEndpoint("http://h/x/moderations", path: "moderations").url == "http://h/x/moderations")
    #expect(
      try ServerEndpoint(azure, api: .chat).call("models").url
        == "https://h/openai/deployments/lamp/models?api-version=2024-10-21")
  }

  @Test(
    "is refused as a usage error where it can't work",
    arguments: [
      "", "localhost:8000", "ftp://h/", "file:///etc/passwd", "http://", "http:///v1", "http://h/v1#x", "http://h/ v1",
    ])
  func unusable(text: String) {
    let error = #expect(throws: SluiceError.self) { try ServerEndpoint(text, api: .chat) }
    #expect(error?.exitCode == .usage)
    #expect(error?.remedy != nil)
  }

  @Test("is refused with a password in it, without repeating the password")
  func password() {
    let error = #expect(throws: SluiceError.self) { try ServerEndpoint("http://me:hunter2@h/v1", api: .chat) }
    #expect(error?.description.contains("hunter2") == false)
    #expect(error?.description.contains("api_key_env") == true)
  }
}
