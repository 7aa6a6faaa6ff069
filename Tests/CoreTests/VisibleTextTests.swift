import Testing

@testable import Core

@Suite("Text that is shown")
struct VisibleTextTests {
  @Test("What drives a terminal, reorders, breaks or hides is written out; everything else stays")
  func line() {
    #expect(
      VisibleText.line("a\u{1B}[2J\u{202E}b\nc\td\re\u{7F}\u{9B}") == #"a\u{1B}[2J\u{202E}b\nc\td\re\u{7F}\u{9B}"#)
    #expect(
      VisibleText.line("\u{200B}\u{FEFF}\u{2028}\u{3164}\u{E0041}\u{AD}")
        == #"\u{200B}\u{FEFF}\u{2028}\u{3164}\u{E0041}\u{AD}"#)
    for text in ["plain", "Grüße – “ok” ✓ 100 %", "漢字 عربي עברית", "e\u{301}", "👩‍👩‍👧‍👦 ❤️ 🇩🇪"] {
      #expect(VisibleText.line(text) == text)
    }
    #expect(VisibleText.line("a\u{200D}b\u{FE0F}") == #"a\u{200D}b\u{FE0F}"#)
    #expect(VisibleText.lines("a\n\tb\u{1B}") == "a\n\tb\\u{1B}")
  }

  @Test("Sluice's own colours pass, and nothing that only begins like them")
  func colours() {
    let own = "\u{1B}[1;32m✓ PASS\u{1B}[0m\n"
    #expect(VisibleText.lines(own, keepsColours: true) == own)
    #expect(
      VisibleText.lines("\u{1B}[2J\u{1B}]0;t\u{7}\u{1B}[1;3\u{1B}", keepsColours: true)
        == #"\u{1B}[2J\u{1B}]0;t\u{7}\u{1B}[1;3\u{1B}"#)
  }

  @Test("A JSON document says the same in visible characters")
  func json() throws {
    let text = "é\u{202E}\u{7F}\u{9B}\u{E0041}\u{2028} 👩‍👧"
    let document = Array("{\n  \"a\": \"\(text)\"\n}".utf8)
    let shown = VisibleText.json(document)
    #expect(
      String(decoding: shown, as: UTF8.self) == "{\n  \"a\": \"é\\u202e\\u007f\\u009b\\udb40\\udc41\\u2028 👩‍👧\"\n}")
    #expect(try JSON(parsing: shown)["a"]?.string == text)
  }
}

@Suite("Numbers of any size")
struct SaturatingTests {
  @Test("Sums and products stop at the ends")
  func arithmetic() {
    #expect(Int.max.addingSaturated(1) == .max && Int.min.addingSaturated(-1) == .min && 2.addingSaturated(3) == 5)
    #expect(Int.max.multipliedSaturated(by: 2) == .max && Int.max.multipliedSaturated(by: -2) == .min)
    #expect(Int.min.multipliedSaturated(by: -1) == .max && 3.multipliedSaturated(by: -4) == -12)
    #expect([Int.max, 1, -1].saturatedSum == .max - 1)
  }

  @Test("Every Double has an Int")
  func doubles() {
    #expect(Int(saturating: .nan) == 0 && Int(saturating: .infinity) == .max && Int(saturating: -.infinity) == .min)
    #expect(Int(saturating: 0x1p63) == .max && Int(saturating: -0x1p63) == .min && Int(saturating: 1e308) == .max)
    #expect(Int(saturating: 2.9) == 2 && Int(saturating: -2.9) == -2)
  }
}

@Suite("Hosts")
struct ServerHostTests {
  @Test("One place has one spelling")
  func spelling() {
    for (text, name, port) in [
      ("Example.COM.", "example.com", nil), ("h:80", "h", 80), ("[::1]", "::1", nil), ("[0:0:0:0:0:0:0:1]:9", "::1", 9),
      ("[2001:DB8::1]:443", "2001:db8::1", 443), ("127.0.0.1:8000", "127.0.0.1", 8000), ("h:", "h", nil),
      ("2130706433", "2130706433", nil),
    ] as [(String, String, Int?)] {
      let host = ServerHost(text)
      #expect(host?.name == name && host?.port == port, "\(text)")
    }
    for text in [
      "", ":80", "a b", "a@b", "a/b", "h:x", "h:0", "h:65536", "[::1", "[x]", "::1", "%6c", "a..b", ".", "h\\@g", "é",
    ] {
      #expect(ServerHost(text) == nil, "\(text)")
    }
    #expect(
      ServerHost(url: "HTTPS://H/x") == ServerHost("h:443") && ServerHost(url: "http://h:8/") == ServerHost("h:8"))
    #expect(ServerHost(url: "http://a@h/") == nil && ServerHost(url: "ftp://h") == nil && ServerHost(url: "h") == nil)
  }

  @Test("This machine is known in all its spellings")
  func loopback() {
    for text in [
      "localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "127.1", "0x7f000001", "2130706433", "0", "[::1]", "[::]",
      "[::ffff:7f00:1]",
    ] {
      #expect(ServerHost(text)?.isLoopback == true, "\(text)")
    }
    for text in ["localhost.test", "128.0.0.1", "127.example.test", "[::2]", "[::ffff:8.8.8.8]", "1.127.0.0"] {
      #expect(ServerHost(text)?.isLoopback == false, "\(text)")
    }
  }

  @Test("An address is shown without what opens it")
  func masked() {
    #expect(WebAddress.masked("http://u:p@w@h/v1?key=abc&x") == "http://…@h/v1?key=…&…")
    #expect(WebAddress.masked("see http://h/v1 and ftp://me@h") == "see http://h/v1 and ftp://…@h")
    #expect(WebAddress.secrets(in: "http://u:p%40ss@h/?api-key=a%2Bb&v=1") == ["p%40ss", "p@ss", "a%2Bb", "a+b"])
    #expect(WebAddress.secrets(in: "http://h/v1?api-version=3").isEmpty)
  }
}
