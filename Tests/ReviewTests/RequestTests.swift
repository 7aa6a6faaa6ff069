import Testing

@testable import Review

@Suite("Who is let in")
struct RequestTests {
  private let token = RequestGuard.newToken()
  private var entrance: RequestGuard {
    RequestGuard(
      port: 4242,
      passes: [.init(reviewer: "ada", token: token), .init(reviewer: "bo", token: String(repeating: "0", count: 64))])
  }

  private func request(_ method: String = "GET", _ path: String = "state") -> PageRequest {
    var request = PageRequest(method: method, path: "/\(token)/\(path)", host: "127.0.0.1:4242")
    if method == "POST" { (request.origin, request.contentType) = ("http://127.0.0.1:4242", "application/json") }
    return request
  }

  private func isRefused(_ request: PageRequest, changing edit: (inout PageRequest) -> Void) -> Bool {
    var request = request
    edit(&request)
    return entrance.outcome(of: request) == .refused
  }

  @Test("The address says who it is; tokens are long and never the same")
  func admitted() {
    #expect(entrance.outcome(of: request()) == .admitted(reviewer: "ada", path: "state"))
    #expect(entrance.outcome(of: request("GET", "")) == .admitted(reviewer: "ada", path: ""))
    #expect(entrance.outcome(of: request("POST", "label")) == .admitted(reviewer: "ada", path: "label"))
    var other = request()
    (other.path, other.host, other.fetchSite) = ("/\(String(repeating: "0", count: 64))/x", "localhost:4242", "none")
    #expect(entrance.outcome(of: other) == .admitted(reviewer: "bo", path: "x"))
    let tokens = Set((0..<100).map { _ in RequestGuard.newToken() })
    #expect(tokens.count == 100 && tokens.allSatisfy { $0.count == 64 })
  }

  @Test("A wrong, short, long or missing token: nothing")
  func tokens() {
    let flipped = (token.first == "0" ? "1" : "0") + token.dropFirst()
    for path in [
      "/", "", "/state", "//state", "/\(token)", "/\(flipped)/state", "/\(token.dropLast())/state", "/\(token)0/state",
      "/\(token.uppercased())x/state", "/x/\(token)/state",
    ] {
      #expect(isRefused(request()) { $0.path = path }, "\(path)")
    }
  }

  @Test("Another host's name, another origin, another site: nothing, with the right token")
  func strangers() {
    for host in [
      nil, "", "evil.example", "evil.example:4242", "127.0.0.1", "127.0.0.1:4243", "127.0.0.1:4242.evil.example",
    ] {
      #expect(isRefused(request()) { $0.host = host }, "\(host ?? "none")")
    }
    for origin in [
      "http://evil.example", "null", "https://127.0.0.1:4242", "http://127.0.0.1:4243", "http://localhost:4242", "",
    ] {
      #expect(isRefused(request()) { $0.origin = origin }, "\(origin)")
      #expect(isRefused(request("POST", "label")) { $0.origin = origin }, "\(origin)")
    }
    for site in ["cross-site", "same-site", ""] { #expect(isRefused(request()) { $0.fetchSite = site }, "\(site)") }
  }

  @Test("What a form of another page can send changes nothing")
  func forms() {
    for type in [
      nil, "application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "text/plain;application/json",
    ] {
      #expect(isRefused(request("POST", "label")) { $0.contentType = type }, "\(type ?? "none")")
    }
    #expect(isRefused(request("POST", "label")) { $0.origin = nil })
    #expect(isRefused(request("PUT", "label")) { $0.origin = nil })
  }
}
