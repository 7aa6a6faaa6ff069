import Foundation
import Testing

@testable import Policies

@Suite("A site's limits")
struct SiteTests {
  private func site(_ text: String) throws -> Site { try Site(Array(text.utf8), path: "site.yaml") }

  @Test("A host is allowed by its name, in any spelling, on the port that is written or on any")
  func hosts() throws {
    let site = try site("allow: {hosts: [Api.Example.com., '127.0.0.1:8000', '[::1]', '2001:db8::2', '*.models.test']}")
    for url in [
      "https://api.example.com/v1", "https://API.example.com.:9/v1", "http://127.0.0.1:8000", "http://[::1]:5/",
      "http://[0:0:0:0:0:0:0:1]/", "http://[2001:DB8:0::2]:80/", "https://a.models.test", "https://a.b.models.test:8/",
    ] {
      #expect(site.allows(url: url), "\(url)")
    }
    for url in [
      "https://example.com/v1", "https://api.example.com.evil.test", "http://127.0.0.1", "http://127.0.0.1:80001",
      "http://127.0.0.1:8001", "http://127.1:8000", "http://2130706433:8000", "http://0x7f000001:8000",
      "http://[::ffff:127.0.0.1]:8000", "http://localhost:8000", "https://models.test", "https://evilmodels.test",
      "https://api.example.com@evil.test/", "https://evil.test\\@api.example.com/",
      "https://api.example.com%2eevil.test",
      "https://evil.test#@api.example.com/", "https://evil.test?@api.example.com", "//api.example.com", "http://[::1",
    ] {
      #expect(!site.allows(url: url), "\(url)")
    }
  }

  @Test("A port that is chosen later is allowed where every port of the host is")
  func chosenPort() throws {
    let url = "http://127.0.0.1:{{port}}/v1"
    for hosts in ["['127.0.0.1']", "['*.models.test', 127.0.0.1]"] {
      #expect(try site("allow: {hosts: \(hosts)}").allows(url: url), "\(hosts)")
    }
    for hosts in ["[]", "['127.0.0.1:1']", "['127.0.0.1:8000']", "[localhost]"] {
      #expect(try !site("allow: {hosts: \(hosts)}").allows(url: url), "\(hosts)")
    }
    let open = try site("allow: {hosts: ['127.0.0.1']}")
    for url in ["http://127.0.0.1{{port}}/", "http://{{port}}", "http://evil.test:{{port}}@127.0.0.1:{{port}}/"] {
      #expect(!open.allows(url: url), "\(url)")
    }
  }

  @Test("What isn't limited is free; an empty list allows nothing")
  func lists() throws {
    let hosts = try site("allow: {hosts: []}")
    #expect(!hosts.allows(url: "http://h") && hosts.allows(variable: "ANY"))
    let variables = try site("allow: {env: [A, B]}")
    #expect(variables.allows(url: "http://h") && variables.allows(variable: "B") && !variables.allows(variable: "b"))
    #expect(variables.visible(["A": "1", "C": "2"]) == ["A": "1"])
    #expect(Site.open.allows(url: "http://h") && Site.open.allows(variable: "X") && !Site.open.isAt("site.yaml"))
  }
}
