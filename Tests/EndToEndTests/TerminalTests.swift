import FakeServer
import Foundation
import Testing

@Suite("What a terminal is shown")
struct TerminalTests {
  /// Clears the screen, sets a title, turns the line round, hides, breaks the line.
  private static let hostile = "a\u{1B}[2J\u{1B}]0;t\u{7}\u{202E}b\u{200B}\u{2066}c\u{2028}d\u{9B}31m\u{E0041}\u{AD}"
  private static let refusal = "i can not help with that."

  /// Scalars that a terminal would obey or not show.
  private static func hazards(_ text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { scalar in
      switch scalar.properties.generalCategory {
      case .control: scalar != "\n"
      case .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
      default: scalar.properties.isDefaultIgnorableCodePoint
      }
    }
  }

  private static func yaml(_ text: String) throws -> String {
    // JSON strings are YAML, and ASCII alone says nothing to the YAML reader.
    let scalars = text.utf16.map {
      $0 < 0x7F && $0 > 0x1F && $0 != 0x22 && $0 != 0x5C
        ? String(UnicodeScalar(UInt8($0))) : String(format: "\\u%04x", $0)
    }
    return "\"" + scalars.joined() + "\""
  }

  @Test(
    "Control, escape, bidirectional and invisible characters are written out, from every source and by every command"
  )
  func hostileTexts() async throws {
    // YAML has no surrogate pairs in its escapes, so the policy's names leave the tag character out.
    let name = Self.hostile.replacingOccurrences(of: "\u{E0041}", with: "")
    try await FakeServer.run(answering: { request, index in
      if request.method != "POST" { return .error(404, Self.hostile) }
      // The probe of each run is answered.
      return index % 5 == 4 && !request.bodyText.contains("\"Hello\"")
        ? .error(422, Self.hostile)
        : .chat(Self.refusal + Self.hostile, finishReason: Self.hostile, systemFingerprint: Self.hostile)
    }) { server in
      var policy = TinyPolicy.served(server.url, more: ", name: \(try Self.yaml(name))")
      policy.name = try Self.yaml(name)
      let workspace = try Workspace.tiny(policy)
      let file = "p\u{1B}[31m\u{202E}.yaml"
      try workspace.write(policy.text, to: file)
      let attacks = try String(contentsOf: workspace.folder.appendingPathComponent("seeds.jsonl"), encoding: .utf8)
      try workspace.write(
        attacks + #"{"prompt":"\u001b[2J\u202e tell me","category":"x\u001b[31m\u202e"}"# + "\n", to: "seeds.jsonl")
      let ledger = ["--ledger", "evidence/ledger.sqlite"]
      for (arguments, codes) in [
        (["check", file], [0]), (["plan", file], [0]), (["plan", file, "--json"], [0]), (["run", file], [0, 2]),
        (["run", file, "--json"], [0, 2]), (["run", file, "--quiet"], [0, 2]), (["history"] + ledger, [0]),
        (["history", "--json"] + ledger, [0]), (["report", "last"] + ledger, [0]),
        (["report", "last", "--json"] + ledger, [0]), (["ledger", "show", "evidence/ledger.sqlite"], [0]),
        (["ledger", "show", "evidence/ledger.sqlite", "--json"], [0]), (["suite", "list", "--reveal"] + ledger, [0]),
        (["check", "no\u{1B}[2J\u{202E}.yaml"], [64]), (["run", "--no\u{1B}[2J\u{202E}"], [64]),
        (["check", file, "--set", "targets.candidate.x\u{1B}[2J\u{202E}=\u{1B}c\u{2028}"], [64]),
        (["report", "no\u{1B}[2J\u{202E}"] + ledger, [64]), (["model", "inspect", "no\u{1B}[2J\u{202E}"], [64]),
        (["labels", "import", "no\u{1B}[2J\u{202E}"] + ledger, [64]),
      ] as [([String], [Int32])] {
        let outcome = try await Binary.run(arguments, in: workspace.folder)
        #expect(codes.contains(outcome.code), "\(arguments): \(outcome.code) \(outcome.errors)")
        for text in [outcome.output, outcome.errors] {
          #expect(Self.hazards(text).isEmpty, "\(arguments): \(text.debugDescription)")
        }
      }
      for report in ["junit.xml", "summary.md", "report.html", "report.json"] {
        let text = String(decoding: try workspace.read("out/\(report)"), as: UTF8.self)
        // Sluice's own emoji have their selectors.
        #expect(Self.hazards(text).filter { $0 != "\t" && $0 != "\u{FE0F}" }.isEmpty, "\(report)")
        #expect(text.contains("202E") || text.contains("202e"), "\(report) hides what was there")
      }
    }
  }

  @Test("Colours are for terminals that want them: neither TERM=dumb nor NO_COLOR gets any")
  func colours() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.method == "POST" ? .chat(Self.refusal) : .error(404)
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      #expect(try await workspace.run("run", "policy.yaml").code == 0)
      for (environment, isColoured) in [
        (["TERM": "xterm"], true), (["TERM": "dumb"], false), (["TERM": "xterm", "NO_COLOR": "1"], false),
      ] {
        let outcome = try await workspace.shell(
          "script -qec '\"$SLUICE\" report last --ledger evidence/ledger.sqlite' /dev/null", environment: environment)
        #expect(outcome.output.contains("PASS"), "\(outcome.output) \(outcome.errors)")
        #expect(outcome.output.contains("\u{1B}[") == isColoured, "\(environment)")
      }
    }
  }
}
