import Testing

@testable import Core

@Suite("One place under many spellings")
struct SamePlaceTests {
  @Test(
    "Host, port, case and slashes may be written in many ways",
    arguments: [
      "http://127.0.0.1:80/v1", "http://localhost/v1", "HTTP://LocalHost./v1/", "http://127.1:80//v1",
      "http://0x7f.1/v1",
      "http://2130706433/v1", "http://[::1]/v1", "http://[0:0::1]:80/./v1/", "http://0177.0.0.1/v1",
      "http://0.0.0.0/v1",
      "http://[::ffff:127.0.0.1]/v1", "http://model.localhost/v1",
    ])
  func same(url: String) { #expect(WebAddress.place(of: url) == "http://localhost:80/v1") }

  @Test(
    "Another host, port, scheme, path or query is another place",
    arguments: [
      "https://localhost:80/v1", "http://localhost:81/v1", "http://127.0.0.2/v1", "http://localhost/v2",
      "http://localhost",
      "http://localhost/v1?d=1", "http://localhosts/v1", "http://10.0.0.1/v1", "http://localhost/V1", "not an address",
    ])
  func other(url: String) { #expect(WebAddress.place(of: url) != "http://localhost:80/v1") }

  @Test("Names and queries stay, and numbers are read as resolvers read them")
  func names() {
    #expect(WebAddress.place(of: "https://API.Example.com./v1/?a=B&c") == "https://api.example.com:443/v1?a=B&c")
    #expect(WebAddress.place(of: "http://10.1:8080/?") == "http://10.0.0.1:8080")
    #expect(WebAddress.place(of: "http://[2001:DB8::0:1]/x") == "http://2001:db8::1:80/x")
    #expect(WebAddress.place(of: "http://127.0.0.1:{port}/v1") == "http://127.0.0.1:{port}/v1")
  }
}
