import Foundation
import Testing

@Suite("Reports in Japanese")
struct LanguageTests {
  private static let ledger = ["--ledger", "evidence/ledger.sqlite"]

  private func workspace(_ language: String) throws -> Workspace {
    var policy = TinyPolicy()
    policy.baseline = nil
    let workspace = try Workspace.tiny(policy)
    try workspace.write(policy.text.replacing("report: {", with: "report: {language: \(language), "), to: "policy.yaml")
    return workspace
  }

  private func run(_ workspace: Workspace, _ arguments: [String]) async throws -> Binary.Outcome {
    try await Binary.run(arguments, in: workspace.folder)
  }

  private func text(_ workspace: Workspace, _ path: String) throws -> String {
    String(decoding: try workspace.read(path), as: UTF8.self)
  }

  @Test(
    "A run says everything in the policy's language, and its reports are rendered again byte for byte, or in another")
  func runs() async throws {
    let workspace = try workspace("ja")
    let outcome = try await workspace.run("run", "policy.yaml")
    #expect(outcome.output.contains("合格：assistant-1.1はリリース可能です"), "\(outcome.output)")
    let html = try text(workspace, "out/report.html")
    #expect(html.contains(#"<html lang="ja">"#) && html.contains("<title>合格：assistant-1.1"))
    #expect(try text(workspace, "out/summary.md").hasPrefix("## ✅ 合格：assistant-1.1はリリース可能です\n"))
    #expect(try text(workspace, "out/junit.xml").contains("チェックはすべて合格です"))
    #expect((try workspace.report()["evidence"] as? [String: Any])?["language"] as? String == "ja")
    // The machine's words stay: checks by their names, stages, the exit code of a pass.
    #expect(html.contains("<code>replay.asr</code>"))

    let files = ["--html", "again.html", "--junit", "again.xml", "--markdown", "again.md", "--json-file", "again.json"]
    let again = try await run(workspace, ["report", "last"] + files + Self.ledger)
    #expect(again.output.contains("合格：assistant-1.1はリリース可能です"))
    for (new, old) in [
      ("again.html", "report.html"), ("again.xml", "junit.xml"), ("again.md", "summary.md"),
      ("again.json", "report.json"),
    ] {
      #expect(try workspace.read(new) == workspace.read("out/\(old)"), "\(new)")
    }
    let english = try await run(
      workspace, ["report", "last", "--language", "en", "--html", "again.html"] + Self.ledger)
    #expect(english.output.contains("PASS: assistant-1.1 may ship"))
    #expect(try text(workspace, "again.html").contains(#"<html lang="en">"#))

    // What was written in either language is checked against the ledger.
    for report in ["out/report.html", "out/junit.xml", "out/summary.md", "again.html"] {
      let verified = try await run(workspace, ["ledger", "verify", Self.ledger[1], "--report", report])
      #expect(verified.code == 0, "\(report): \(verified.output)\(verified.errors)")
    }
    // A new run may replace Japanese reports.
    _ = try await workspace.run("run", "policy.yaml", "--quiet")
    let history = try await run(workspace, ["history", "--html", "history.html"] + Self.ledger)
    #expect(history.output.contains("合格しなかったチェック"))
    #expect(try text(workspace, "history.html").contains("<h2>チェックの推移</h2>"))
    let ids = try await run(workspace, ["history", "--json"] + Self.ledger)
    let runs = try JSONSerialization.jsonObject(with: Data(ids.output.utf8)) as? [String: Any]
    let first = try #require((runs?["runs"] as? [[String: Any]])?.first?["run"] as? String)
    let compared = try await Binary.run(["compare", first, "last"] + Self.ledger, in: workspace.folder)
    #expect(
      compared.output.contains("比較できません") || compared.output.contains("2つ目"), "\(compared.output)\(compared.errors)")
  }

  @Test("A run that was done in English is rendered in Japanese later, and stays what it was in English")
  func later() async throws {
    let workspace = try workspace("en")
    _ = try await workspace.run("run", "policy.yaml", "--set", "checks.0.at_most=0.95")
    #expect((try workspace.report()["evidence"] as? [String: Any])?["language"] == nil)
    let later = try await run(workspace, ["report", "last", "--language", "ja", "--verbose"] + Self.ledger)
    for words in ["ポリシーの値を上書きしています：checks.0.at_most=0.95", "2件のチェックはすべて合格です", "Gaffke限界、"] {
      #expect(later.output.contains(words), "\(later.output)")
    }
    let own = try await run(workspace, ["report", "last"] + Self.ledger)
    #expect(own.output.contains("All 2 checks are satisfied."))
  }

  @Test("A language that reports don't speak is refused with those that they do")
  func unknown() async throws {
    let workspace = try workspace("fr")
    let run = try await Binary.run(["run", "policy.yaml"], in: workspace.folder)
    #expect(
      run.code == 64 && run.errors.contains("policy.yaml:") && run.errors.contains("It can be: en, ja."),
      "\(run.errors)")
    for command in [["report", "last"], ["history"], ["compare", "a", "b"]] {
      let outcome = try await Binary.run(command + ["--language", "fr"] + Self.ledger, in: workspace.folder)
      #expect(outcome.code == 64 && outcome.errors.contains("'en' and 'ja'"), "\(outcome.errors)")
    }
  }
}
