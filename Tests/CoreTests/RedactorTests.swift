import Foundation
import Testing

@testable import Core

@Suite("Secrets in foreign text")
struct RedactorTests {
  private static let key = "sk-4f9a8B7c6d5e-Qw/2+x"

  /// Ways to write a text down that give it away.
  static let writings: [(name: String, write: @Sendable (String) -> String)] = [
    ("plain", { $0 }), ("upper case", { $0.uppercased() }), ("reversed", { String($0.reversed()) }),
    ("spaced", { $0.map(String.init).joined(separator: " ") }),
    ("in lines", { $0.map(String.init).joined(separator: "\n") }),
    ("with invisible characters", { $0.map(String.init).joined(separator: "\u{200B}") }),
    ("JSON escapes", { $0.utf16.map { String(format: "\\u%04X", $0) }.joined() }),
    (
      "some JSON escapes",
      { $0.replacingOccurrences(of: "/", with: "\\/").replacingOccurrences(of: "a", with: "\\u0061") }
    ),
    ("C escapes", { $0.utf8.map { String(format: "\\x%02x", $0) }.joined() }),
    ("percent", { $0.utf8.map { String(format: "%%%02x", $0) }.joined() }),
    ("percent twice", { $0.utf8.map { String(format: "%%25%02x", $0) }.joined() }),
    ("entities", { $0.utf8.map { "&#\($0);" }.joined() }),
    ("hexadecimal entities", { $0.utf8.map { String(format: "&#x%X;", $0) }.joined() }),
    ("hexadecimal", { $0.utf8.map { String(format: "%02X", $0) }.joined(separator: ":") }),
    ("Base64", { Data($0.utf8).base64EncodedString() }),
    ("Base64 of the reverse", { Data(String($0.reversed()).utf8).base64EncodedString() }),
    (
      "Base64 for addresses",
      {
        Data($0.utf8).base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(
          of: "/", with: "_")
      }
    ), ("Base64 inside another text", { Data("a\($0)b".utf8).base64EncodedString() }),
    ("Base64 inside a longer one", { Data("ab\($0)cd".utf8).base64EncodedString(options: .lineLength64Characters) }),
  ]

  @Test("A key is found however it is written, and what stands around it stays", arguments: writings.map(\.name))
  func found(name: String) throws {
    let write = try #require(Self.writings.first { $0.name == name }).write
    let redactor = Redactor([Self.key, "another-secret-value"])
    let shown = redactor.redacted("Before é: \(write(Self.key)) after.")
    #expect(shown.hasPrefix("Before é: ") && shown.hasSuffix(" after."), "\(shown)")
    #expect(shown.contains(Redactor.mark))
    // A few characters at an end may belong to what stands around it in Base64.
    let rest = shown.replacing(Redactor.mark, with: "").dropFirst("Before é: ".count).dropLast(" after.".count)
    #expect(rest.count <= 8, "\(rest)")
  }

  @Test("Ordinary text is left as it is, byte for byte")
  func untouched() {
    let redactor = Redactor([Self.key, "EMPTY", "none", "abc", "a", "", "1234"])
    for text in [
      "", "The shelf is EMPTY, and none knows why: abc 1234.", "sk-4f9a8B7c6d5e",
      "100% of \\u0041 &#65; \\n %zz &#; \\",
      "e\u{301} and é", String(repeating: "a4f9", count: 500), "\u{0}\u{1}",
    ] {
      #expect(Array(redactor.redacted(text).utf8) == Array(text.utf8))
    }
    #expect(Redactor(["none", "EMPTY"]).isEmpty)
    #expect(Redactor([]).redacted(Self.key) == Self.key)
  }

  @Test("A short key that is no word is taken out where it stands alone")
  func shortKey() {
    let redactor = Redactor(["x7Kq2"])
    #expect(redactor.redacted("key x7Kq2, x7Kq2.") == "key [redacted], [redacted].")
    #expect(redactor.redacted("ax7Kq2 x7Kq23 X7KQ2") == "ax7Kq2 x7Kq23 X7KQ2")
  }

  @Test("A secret of punctuation alone is found as it is")
  func punctuation() {
    #expect(Redactor(["!!##%%&&()"]).redacted("a !!##%%&&() b") == "a [redacted] b")
  }

  @Test("Texts of a document are taken out, its numbers and its shape stay")
  func documents() throws {
    let redactor = Redactor([Self.key])
    let document = #"{"a":[1.50,18446744073709551615,"x sk-4f9a8B7c6d5e-Qw\/2+x y"],"sk-4f9a8B7c6d5e-Qw/2+x" : null}"#
    let shown = String(decoding: redactor.redacted(json: Array(document.utf8)), as: UTF8.self)
    #expect(shown == #"{"a":[1.50,18446744073709551615,"x [redacted] y"],"[redacted]" : null}"#)
    let parts = #"["sk-4f9a8","B7c6d5e-Qw/2+x"]"#
    #expect(redactor.redacted(json: Array(parts.utf8)) == Array(parts.utf8), "strings are looked at one by one")
  }

  @Test("Two names made of two keys stay apart without giving a key away")
  func hashed() {
    let redactor = Redactor([Self.key, "another-secret-value"])
    let names = [redactor.hashed("m-\(Self.key)"), redactor.hashed("m-another-secret-value"), redactor.hashed("m")]
    #expect(Set(names).count == 3 && names[2] == "m")
    #expect(names.prefix(2).allSatisfy { $0.hasPrefix("m-[redacted #") })
  }

  @Test("Neither description nor mirror shows a secret")
  func silent() {
    let redactor = Redactor([Self.key, "another-secret-value"]).union(["third-secret-value"])
    var dumped = ""
    dump(redactor, to: &dumped)
    for text in ["\(redactor)", String(reflecting: redactor), dumped] {
      for part in ["4f9a", "another", "third"] { #expect(!text.lowercased().contains(part)) }
    }
    #expect(redactor.redacted("third-secret-value") == Redactor.mark)
  }
}
