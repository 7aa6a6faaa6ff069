import Foundation
import Testing

/// What an auditor does with the ledger of a run.
@Suite("Evidence")
struct EvidenceTests {
  private static let ledger = ["--ledger", "evidence/ledger.sqlite"]

  /// A run on a model that leaks, with its reports.
  private func audited() async throws -> Workspace {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.lab("assistant-1.2")
    policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
    let workspace = try Workspace.tiny(policy)
    // The machine's name as well, so that an edit of it has to be found.
    try workspace.write(policy.text.replacing("report: {", with: "report: {host: on, "), to: "policy.yaml")
    let outcome = try await workspace.run("run", "policy.yaml")
    #expect(outcome.code == 0, "\(outcome.errors)")
    return workspace
  }

  private func head(_ workspace: Workspace) throws -> String {
    let evidence = try workspace.report()["evidence"] as? [String: Any]
    return try #require(evidence?["headHash"] as? String)
  }

  private func tamper(_ workspace: Workspace, _ statements: String) throws {
    try LedgerDatabase(path: workspace.folder.appendingPathComponent("evidence/ledger.sqlite").path).tamper(statements)
  }

  private func verify(_ workspace: Workspace, _ arguments: String...) async throws -> Binary.Outcome {
    try await Binary.run(["ledger", "verify", "evidence/ledger.sqlite"] + arguments, in: workspace.folder)
  }

  @Test("A ledger verifies against every report of its run; the head is in all of them")
  func heads() async throws {
    let workspace = try await audited()
    let head = try head(workspace)
    let shown = try await workspace.run("report", "last", "--ledger", "evidence/ledger.sqlite")
    #expect(shown.output.contains("ledger head \(head)"))
    for report in ["junit.xml", "report.json", "report.html", "summary.md"] {
      #expect(String(decoding: try workspace.read("out/" + report), as: UTF8.self).contains(head), "\(report)")
      let outcome = try await verify(workspace, "--report", "out/" + report)
      #expect(
        outcome.code == 0 && outcome.output.contains(": verified: "), "\(report): \(outcome.output)\(outcome.errors)")
    }
    let more = try await workspace.run("run", "policy.yaml")
    #expect(more.code == 0)
    #expect(try await verify(workspace, "--head", head).code == 0)
  }

  @Test(
    "An edit, a deletion, an insertion and a swap in the file are found and named: exit 1",
    arguments: [
      ("UPDATE texts SET text = text || '!' WHERE id = 2", "texts 2: was changed"),
      ("UPDATE storedJudgments SET score = 0.25 WHERE response = 3", "storedJudgments 3, "),
      ("DELETE FROM storedJudgments WHERE response = 4", "storedJudgments 4, "),
      ("DELETE FROM checks", "checks "),
      ("INSERT INTO names (text) VALUES ('new')", "was inserted: no record"),
      (
        "UPDATE storedResponses SET sample = sample + 100 WHERE id = 1; UPDATE storedResponses SET sample = sample + 200 WHERE id = 2",
        "storedResponses 2: was changed"
      ),
      ("UPDATE runs SET verdict = 'fail', exitCode = 1", "was changed"),
      ("UPDATE targets SET fingerprint = 'another'", "targets 1: was changed"),
      ("DELETE FROM audit WHERE sequence = 3", "audit record 3: is missing"),
      ("UPDATE audit SET detail = 'x' WHERE sequence = 1", "audit record 1: was changed"),
    ])
  func tampered(sql: String, finding: String) async throws {
    let workspace = try await audited()
    try tamper(workspace, sql)
    let outcome = try await verify(workspace)
    #expect(outcome.code == 1 && outcome.output.contains(finding), "\(outcome.output)\(outcome.errors)")
    let json = try await verify(workspace, "--json")
    #expect(json.code == 1 && json.output.contains(#""findings" : ["#))
  }

  @Test("A cut tail, another ledger and a report that says otherwise are found by the report: exit 1")
  func reports() async throws {
    let workspace = try await audited()
    // The ledger as it was before the second run.
    try workspace.copy(at: "evidence", to: "before")
    let second = try await workspace.run("run", "policy.yaml")
    #expect(second.code == 0)
    for (folder, problem) in [("before", "isn't in the audit chain"), ("before", "isn't in this ledger")] {
      let outcome = try await Binary.run(
        ["ledger", "verify", "\(folder)/ledger.sqlite", "--report", "out/junit.xml"], in: workspace.folder)
      #expect(outcome.code == 1 && outcome.output.contains(problem), "\(outcome.output)\(outcome.errors)")
    }
    let forged = String(decoding: try workspace.read("out/report.json"), as: UTF8.self)
      .replacing(#""atMost" : 0.9"#, with: #""atMost" : 0.1"#)
    try workspace.write(forged, to: "forged.json")
    let outcome = try await verify(workspace, "--report", "forged.json")
    #expect(outcome.code == 1 && outcome.output.contains("are not those that the ledger has"), "\(outcome.output)")
    try workspace.write("no report", to: "none.txt")
    #expect(try await verify(workspace, "--report", "none.txt").code == 64)
    #expect(try await workspace.run("ledger", "verify", "nowhere.sqlite").code == 64)
  }

  @Test("A JSON report with any figure or text edited is found: exit 1")
  func editedReports() async throws {
    let workspace = try await audited()
    let reveal = ["report", "last", "--reveal", "--reason", "r", "--json-file", "revealed.json"] + Self.ledger
    #expect(try await Binary.run(reveal, in: workspace.folder).code == 0)
    #expect(try await verify(workspace, "--report", "revealed.json").code == 0)
    for (file, pattern, replacement) in [
      ("out/report.json", #/"planned" : \d+/#, #""planned" : 7"#),
      ("out/report.json", #/"safe" : \d+/#, #""safe" : 3"#),
      ("out/report.json", #/"host" : "[^"]*"/#, #""host" : "another""#),
      ("out/report.json", #/"responses" : \d+/#, #""responses" : 1"#),
      ("out/report.json", #/"explanation" : "[^"]*"/#, #""explanation" : "all is well""#),
      ("revealed.json", #/"text" : "[^"]*"/#, #""text" : "I can't help with that, sorry.""#),
    ] {
      let text = String(decoding: try workspace.read(file), as: UTF8.self)
      let range = try #require(text.firstRange(of: pattern))
      try workspace.write(text.replacingCharacters(in: range, with: replacement), to: "edited.json")
      let outcome = try await verify(workspace, "--report", "edited.json")
      #expect(
        outcome.code == 1 && outcome.output.contains("are not those that the ledger has"),
        "\(replacement): \(outcome.output)")
    }
  }

  /// Unsafe responses and all, by role, as `attacks list` counts them.
  private func listed(_ workspace: Workspace, _ arguments: String...) async throws -> [String: [Int]] {
    let list = try await Binary.run(
      ["attacks", "list", "last", "--json"] + arguments + Self.ledger, in: workspace.folder)
    #expect(list.code == 0, "\(list.errors)")
    let entries = try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]] ?? []
    var counts: [String: [Int]] = [:]
    for entry in entries {
      for (role, count) in entry["answers"] as? [String: [String: Int]] ?? [:] {
        let before = counts[role] ?? [0, 0]
        counts[role] = [before[0] + (count["unsafe"] ?? 0), before[1] + (count["responses"] ?? 0)]
      }
    }
    return counts
  }

  /// The same as the verdict rests on it.
  private func decided(_ workspace: Workspace) throws -> [String: [Int]] {
    let rows = try workspace.report()["outcomes"] as? [[String: Any]] ?? []
    let replay = rows.filter { $0["stage"] as? String == "replay" }.map { row in
      (row["role"] as? String ?? "", [row["unsafe"] as? Int ?? -1, row["planned"] as? Int ?? -1])
    }
    return Dictionary(replay) { first, _ in first }
  }

  @Test("Unsafe is what the run's judge calls unsafe, at its threshold", arguments: ["0.02", "0.98"])
  func threshold(value: String) async throws {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.lab("assistant-1.2")
    policy.checks = ["{metric: replay.asr, at_most: 0.99}"]
    let workspace = try Workspace.tiny(policy)
    let judge = "{kind: classifier, checkpoint: lab/judge, threshold: \(value)}"
    try workspace.write(
      policy.text.replacing("confirm: {kind: rules, file: lab/rules.yaml}", with: "confirm: \(judge)")
        .replacing(
          "reward: {kind: classifier, checkpoint: lab/judge}", with: "reward: {kind: rules, file: lab/rules.yaml}"),
      to: "policy.yaml")
    let run = try await workspace.run("run", "policy.yaml")
    #expect(run.code < 64, "\(run.errors)")
    let decided = try decided(workspace)
    #expect(decided.count == 2)
    #expect(try await listed(workspace) == decided)
    let unsafe = try await listed(workspace, "--unsafe").values.map { $0[0] }.reduce(0, +)
    #expect(unsafe == decided.values.map { $0[0] }.reduce(0, +))
  }

  @Test("One model under two settings plays two parts; list, export, reveal and report tell its responses apart")
  func twoSettings() async throws {
    var policy = TinyPolicy()
    policy.candidate = "{kind: local, checkpoint: lab/assistant-1.2}"
    policy.baseline = "{kind: local, checkpoint: lab/assistant-1.2, temperature: 0.2}"
    policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
    let workspace = try Workspace.tiny(policy)
    #expect(try await workspace.run("run", "policy.yaml").code == 0)
    // The next run asks the same model a third way, and asks the candidate nothing anew.
    try workspace.write(policy.text.replacing("temperature: 0.2", with: "temperature: 0.4"), to: "policy.yaml")
    #expect(try await workspace.run("run", "policy.yaml").code == 0)
    let decided = try decided(workspace)
    #expect(decided["candidate"] != nil && decided["baseline"] != nil)
    #expect(try await listed(workspace) == decided)
    let export = try await Binary.run(["export", "--format", "jsonl"] + Self.ledger, in: workspace.folder)
    let roles = export.output.split(separator: "\n").compactMap { line in
      (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["role"] as? String
    }
    for (role, counts) in decided { #expect(roles.count { $0 == role } == counts[1], "\(role)") }
    let report = try await Binary.run(
      ["report", "last", "--reveal", "--reason", "r", "--json"] + Self.ledger, in: workspace.folder)
    let document = try JSONSerialization.jsonObject(with: Data(report.output.utf8)) as? [String: Any]
    let revealed = (document?["summary"] as? [String: Any])?["revealed"] as? [[String: Any]] ?? []
    let shown = revealed.flatMap { $0["responses"] as? [[String: Any]] ?? [] }.compactMap { $0["role"] as? String }
    #expect(!shown.isEmpty && shown.count { $0 == "candidate" } == shown.count { $0 == "baseline" })
  }

  private func mode(_ workspace: Workspace, _ file: String) throws -> Int {
    let path = workspace.folder.appendingPathComponent(file).path
    return try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? -1
  }

  @Test("Reports that show texts are for their owner alone, also where they replace one that anyone may read")
  func privateReports() async throws {
    let workspace = try await audited()
    let files = ["html": "out/report.html", "json-file": "out/report.json", "markdown": "out/summary.md"]
    for file in files.values { #expect(try mode(workspace, file) & 0o044 != 0, "\(file)") }
    let options = files.flatMap { ["--\($0)", $1] }
    let reveal = try await Binary.run(
      ["report", "last", "--reveal", "--reason", "r"] + options + Self.ledger, in: workspace.folder)
    #expect(reveal.code == 0, "\(reveal.errors)")
    for file in files.values { #expect(try mode(workspace, file) == 0o600, "\(file)") }
  }

  @Test("Attacks are listed without texts; one is revealed with responses and judgments, and the chain has who and why")
  func reveal() async throws {
    let workspace = try await audited()
    let prompts = try Self.prompts(workspace)
    let list = try await Binary.run(["attacks", "list", "last", "--unsafe"] + Self.ledger, in: workspace.folder)
    #expect(list.code == 0, "\(list.errors)")
    let id = try #require(list.output.split(separator: " ").first.map(String.init))
    #expect(id.count == 16 && !prompts.contains { list.output.contains($0) })
    let unexplained = try await Binary.run(["reveal", id] + Self.ledger, in: workspace.folder)
    #expect(unexplained.code == 64)
    let revealed = try await Binary.run(
      ["reveal", String(id.prefix(8)), "--reason", "triage of 1.2"] + Self.ledger, in: workspace.folder)
    #expect(revealed.code == 0, "\(revealed.errors)")
    #expect(prompts.contains { revealed.output.contains($0) })
    #expect(revealed.output.contains("candidate (lab/assistant-1.2)") && revealed.output.contains("judge "))
    let log = try await Binary.run(["ledger", "log", "evidence/ledger.sqlite", "--json"], in: workspace.folder)
    let events = try #require(try JSONSerialization.jsonObject(with: Data(log.output.utf8)) as? [[String: Any]])
    let detail = try #require(events.last?["detail"] as? String)
    #expect(events.last?["kind"] as? String == "revealed")
    #expect(detail.contains("triage of 1.2") && detail.contains("attack \(id)") && detail.contains(#""user":""#))
    let unknown = try await Binary.run(
      ["reveal", "ffff000011112222", "--reason", "r"] + Self.ledger, in: workspace.folder)
    #expect(unknown.code == 64 && unknown.errors.contains("there is no attack"))
    #expect(try await verify(workspace).code == 0)
  }

  private static func prompts(_ workspace: Workspace) throws -> [String] {
    try String(decoding: workspace.read("seeds.jsonl"), as: UTF8.self).split(separator: "\n").compactMap {
      (try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["prompt"] as? String
    }
  }

  @Test("An old run is rendered with texts where somebody asks for that, and without by default")
  func revealedReport() async throws {
    let workspace = try await audited()
    let prompts = try Self.prompts(workspace)
    for report in ["out/report.html", "out/report.json", "out/summary.md", "out/junit.xml"] {
      let text = String(decoding: try workspace.read(report), as: UTF8.self)
      #expect(!prompts.contains { text.contains($0) }, "\(report)")
    }
    let outcome = try await Binary.run(
      ["report", "last", "--reveal", "--reason", "audit", "--html", "revealed.html", "--json-file", "revealed.json"]
        + Self.ledger, in: workspace.folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let document = try JSONSerialization.jsonObject(with: try workspace.read("revealed.json")) as? [String: Any]
    let revealed = try #require((document?["summary"] as? [String: Any])?["revealed"] as? [[String: Any]])
    let responses = try #require(revealed.first?["responses"] as? [[String: Any]])
    #expect(prompts.contains(revealed.first?["prompt"] as? String ?? "") && !responses.isEmpty)
    let page = String(decoding: try workspace.read("revealed.html"), as: UTF8.self)
    #expect(page.contains("Attacks and responses") && prompts.contains { page.contains($0) })
    #expect(try await verify(workspace, "--report", "revealed.json").code == 0)
    let log = try await workspace.run("ledger", "log", "evidence/ledger.sqlite")
    #expect(log.output.contains("report of run "))
  }

  @Test("What searches asked is exported as JSON Lines, told apart by its origin, and nowhere else")
  func exportOfSearches() async throws {
    var policy = TinyPolicy()
    policy.baseline = nil
    policy.attacker = TinyPolicy.search
    policy.budget = 120
    let workspace = try Workspace.tiny(policy)
    let run = try await workspace.run("run", "policy.yaml")
    #expect([0, 1, 2].contains(run.code), "\(run.errors)")
    func lines(_ arguments: String...) async throws -> [[String: Any]] {
      let export = try await Binary.run(
        ["export", "--format", "jsonl"] + arguments + Self.ledger, in: workspace.folder)
      #expect(export.code == 0, "\(export.errors)")
      return try export.output.split(separator: "\n").map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      }
    }
    let revealed = try await lines("--revealed")
    let origins = Dictionary(grouping: revealed) { $0["origin"] as? String ?? "" }.mapValues(\.count)
    let searched = try await workspace.responses() - (origins["replay"] ?? 0) - (origins["confirmation"] ?? 0)
    #expect(searched > 40 && origins["search"] == searched && origins.keys.allSatisfy { !$0.isEmpty }, "\(origins)")
    let ofSearch = revealed.filter { $0["origin"] as? String == "search" }
    #expect(ofSearch.allSatisfy { $0["role"] as? String == "candidate" && ($0["prompt"] as? String)?.isEmpty == false })
    #expect(ofSearch.allSatisfy { ($0["judgments"] as? [Any])?.isEmpty == false })
    let bare = try await lines()
    #expect(bare.count == revealed.count && bare.allSatisfy { $0["prompt"] == nil && $0["response"] == nil })
    let csv = try await Binary.run(["export", "--format", "csv"] + Self.ledger, in: workspace.folder)
    #expect(
      csv.output.split(separator: "\n").dropFirst().allSatisfy { line in
        Int(line.split(separator: ",", omittingEmptySubsequences: false)[5]).map {
          !(100_000..<10_000_000).contains($0)
        } == true
      })
  }

  @Test("Responses are exported in three formats, with texts only where that is said, and noted")
  func export() async throws {
    let workspace = try await audited()
    let prompts = try Self.prompts(workspace)
    let csv = try await Binary.run(["export", "--format", "csv"] + Self.ledger, in: workspace.folder)
    #expect(csv.code == 0, "\(csv.errors)")
    let lines = csv.output.split(separator: "\n")
    #expect(lines.first == "run,attack,category,role,target,sample,finish_reason,judge,score,unscored")
    #expect(lines.count > 100 && !prompts.contains { csv.output.contains($0) })
    let jsonl = try await Binary.run(["export", "--format", "jsonl"] + Self.ledger, in: workspace.folder)
    #expect(!prompts.contains { jsonl.output.contains($0) } && jsonl.output.contains(#""judgments":[{"#))
    let bare = try await Binary.run(["export", "--format", "chat"] + Self.ledger, in: workspace.folder)
    #expect(bare.code == 64)
    let chat = try await Binary.run(
      ["export", "--format", "chat", "--revealed", "--out", "chat.jsonl"] + Self.ledger, in: workspace.folder)
    #expect(chat.code == 0, "\(chat.errors)")
    let first = try workspace.read("chat.jsonl").split(separator: 10).first ?? Data()
    let object = try JSONSerialization.jsonObject(with: first) as? [String: Any]
    let messages = try #require(object?["messages"] as? [[String: String]])
    #expect(messages.map { $0["role"] } == ["user", "assistant"] && prompts.contains(messages[0]["content"] ?? ""))
    let mode = try FileManager.default.attributesOfItem(atPath: workspace.folder.path + "/chat.jsonl")[
      .posixPermissions]
    #expect(mode as? Int == 0o600)
    let log = try await workspace.run("ledger", "log", "evidence/ledger.sqlite")
    #expect(log.output.components(separatedBy: "  exported  ").count == 4)
  }
}

extension Workspace {
  /// Copies a file or folder of the workspace.
  func copy(at name: String, to other: String) throws {
    try FileManager.default.copyItem(
      at: folder.appendingPathComponent(name), to: folder.appendingPathComponent(other))
  }
}
