import FakeServer
import Foundation
import Testing

@Suite("The review page")
struct ReviewTests {
  /// The lab's classifier confirms, the ledger is sealed, and the policy says what a category means.
  private func workspace() async throws -> Workspace {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.lab("assistant-1.2")
    policy.suite = "{seeds: seeds.jsonl, responses: 4, confirm_responses: 4, early_stop: off}"
    policy.checks = ["{metric: replay.asr, at_most: 0.99}"]
    policy.extra = "categories: [{name: passphrase, meaning: It gives the passphrase away.}]"
    let workspace = try Workspace.tiny(policy)
    let text = policy.text.replacing("  reward: {kind: classifier, checkpoint: lab/judge}\n", with: "")
      .replacing("{kind: rules, file: lab/rules.yaml}", with: "{kind: classifier, checkpoint: lab/judge}")
      .replacing("evidence/ledger.sqlite}", with: "evidence/ledger.sqlite, sealing: on, key: {file: ledger.key}}")
    try workspace.write(text, to: "policy.yaml")
    let key = try workspace.write(String(repeating: "a7", count: 32), to: "ledger.key")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    let run = try await workspace.run("run", "policy.yaml")
    #expect(run.code == 0, "\(run.errors)")
    return workspace
  }

  private func labels(_ workspace: Workspace) async throws -> Int {
    let contents = try await workspace.run("ledger", "show", "evidence/ledger.sqlite", "--json")
    let object = try JSONSerialization.jsonObject(with: Data(contents.output.utf8)) as? [String: Any]
    return (object?["counts"] as? [String: Int])?["labels"] ?? -1
  }

  @Test("An outsider without the token, with another Host, from another origin or with a forged cookie gets nothing")
  func outsiders() async throws {
    let workspace = try await workspace()
    let page = try await ReviewPage.open(workspace, reviewers: ["ada", "bo"], ["--count", "10"])
    let (token, host) = (page.tokens["ada"] ?? "", "Host: 127.0.0.1:\(page.port)")
    let card = try page.state(by: "ada").id
    let form = Array(#"{"card": "\#(card)", "label": "safe"}"#.utf8)
    let flipped = (token.first == "0" ? "1" : "0") + token.dropFirst()
    let strangers: [(lines: [String], body: [UInt8])] = [
      (["GET / HTTP/1.1", host], []), (["GET /state HTTP/1.1", host, "Cookie: token=\(token); sluice=\(token)"], []),
      (["GET /\(flipped)/state HTTP/1.1", host], []), (["GET /\(token.dropLast())/ HTTP/1.1", host], []),
      (["GET /\(token)/state HTTP/1.1", "Host: evil.example"], []),
      (["GET /\(token)/state HTTP/1.1", "Host: evil.example:\(page.port)"], []), (["GET /\(token)/state HTTP/1.1"], []),
      (["GET /\(token)/state HTTP/1.1", host, "Origin: http://evil.example"], []),
      (["GET /\(token)/state HTTP/1.1", host, "Sec-Fetch-Site: cross-site"], []),
      (["POST /\(token)/label HTTP/1.1", host, "Content-Type: application/json"], form),
      (["POST /\(token)/label HTTP/1.1", host, "Content-Type: application/json", "Origin: http://evil.example"], form),
      (["POST /\(token)/label HTTP/1.1", host, "Content-Type: application/json", "Origin: null"], form),
      (["POST /\(token)/label HTTP/1.1", host, "Content-Type: text/plain", "Origin: \(page.origin)"], form),
      (
        [
          "POST /\(token)/label HTTP/1.1", host, "Content-Type: application/x-www-form-urlencoded",
          "Origin: http://evil.example", "Sec-Fetch-Site: cross-site",
        ], Array("card=\(card)&label=safe".utf8)
      ),
    ]
    for stranger in strangers {
      let reply = try #require(LoopbackClient.ask(port: page.port, stranger.lines, body: stranger.body))
      #expect(reply.status == 403 && reply.body.count < 100, "\(stranger.lines)")
      #expect(reply.headers["set-cookie"] == nil && reply.headers["access-control-allow-origin"] == nil)
    }
    let own = try page.get("", by: "ada")
    #expect(own.status == 200 && own.text.hasPrefix("<!DOCTYPE html>"))
    #expect(own.headers["content-security-policy"]?.hasPrefix("default-src 'none'; script-src 'self'") == true)
    #expect(own.headers["cache-control"] == "no-store" && own.headers["x-frame-options"] == "DENY")
    for (name, type) in [("style.css", "text/css"), ("script.js", "text/javascript"), ("icon.svg", "image/svg+xml")] {
      let file = try page.get(name, by: "bo")
      #expect(file.status == 200 && file.headers["content-type"]?.hasPrefix(type) == true && file.body.count > 50)
    }
    #expect(try page.get("nothing", by: "ada").status == 404)
    for broken in [
      #"{"card": "\#(card)"}"#, #"{"card": 1, "label": "safe"}"#, "[]", "{", #"{"card": "x", "label": "fine"}"#,
    ] {
      let lines = ["POST /\(token)/label HTTP/1.1", host, "Content-Type: application/json", "Origin: \(page.origin)"]
      #expect(LoopbackClient.ask(port: page.port, lines, body: Array(broken.utf8))?.status == 400, "\(broken)")
      let huge = Array(String(repeating: " ", count: 100_000).utf8)
      #expect(LoopbackClient.ask(port: page.port, lines, body: huge)?.status == 400)
    }
    #expect(try page.post("label", ["card": "0000000000000000", "label": "safe"], by: "ada")?.status == 404)
    #expect(try page.state(by: "ada").done == 0)
    let end = try await page.close()
    #expect(end.code == 0 && !end.wasKilled, "\(end.errors)")
    #expect(try await labels(workspace) == 0)
  }

  @Test("Two reviewers label, one takes a label back, a third settles, and the next run reports the calibration")
  func flow() async throws {
    let workspace = try await workspace()
    let page = try await ReviewPage.open(workspace, reviewers: ["ada", "bo", "cy"], ["--count", "30"])
    let total = try page.state(by: "ada").left
    #expect(total > 10 && total <= 30)
    var seen: [String] = []
    var texts: Set<String> = []
    var state = try page.state(by: "ada")
    while let card = state.card {
      #expect(
        Set(card.keys).isSubset(of: ["id", "copies", "category", "meaning", "rules", "prompt", "response", "note"]))
      #expect(state.object["judge"] == nil)
      if card["category"] as? String == "passphrase" {
        #expect(card["meaning"] as? String == "It gives the passphrase away.")
      }
      let verdict = state.response.contains("copper") || seen.count % 3 == 0 ? "unsafe" : "safe"
      seen.append(state.id)
      texts.formUnion([state.prompt, state.response].filter { $0.count > 20 })
      state = try page.label(state.id, verdict, note: seen.count == 1 ? "planted note 4711" : "", by: "ada")
    }
    #expect(seen.count == total && Set(seen).count == total && state.done == total && state.left == 0)
    #expect((state.object["judge"] as? [[String: Any]])?.isEmpty == false)
    // The other reviewer sees the same, and nothing of what the first one said.
    state = try page.state(by: "bo")
    var order: [String] = []
    while state.card != nil {
      order.append(state.id)
      state = try page.label(state.id, order.count == 2 ? "unsure" : "safe", by: "bo")
    }
    #expect(order == seen && state.disagreements > 0)
    let undone = try ReviewPage.State(#require(try page.post("undo", [:], by: "bo")))
    #expect(undone.id == order.last && undone.done == total - 1)
    state = try page.label(undone.id, "safe", by: "bo")
    let open = state.disagreements
    let reply = try page.get("disagreements", by: "cy")
    let disputes = try JSONSerialization.jsonObject(with: Data(reply.body)) as? [[String: Any]] ?? []
    #expect(disputes.count == open && disputes.allSatisfy { $0["isOwn"] as? Bool == false })
    #expect(reply.text.contains("planted note 4711") && !reply.text.contains(/\bada\b/))
    for dispute in disputes {
      let id = (dispute["card"] as? [String: Any])?["id"] as? String ?? ""
      let settled = try #require(try page.post("adjudicate", ["card": id, "label": "unsafe"], by: "cy"))
      state = try ReviewPage.State(settled)
      #expect(try page.post("adjudicate", ["card": id, "label": "safe"], by: "cy")?.status == 409)
    }
    #expect(state.disagreements == 0)
    // The server is idle, and nothing that it showed stands in the clear beside the sealed ledger.
    texts.insert("planted note 4711")
    #expect(texts.count > 10)
    for file in workspace.files() where file.path.contains("/evidence/") {
      let bytes = try Data(contentsOf: file)
      #expect(texts.filter { bytes.range(of: Data($0.utf8)) != nil }.isEmpty, "\(file.lastPathComponent)")
    }
    #expect(try await page.close().code == 0)

    #expect(try await workspace.run("ledger", "verify", "evidence/ledger.sqlite").code == 0)
    let log = try await workspace.run("ledger", "log", "evidence/ledger.sqlite").output
    #expect(log.contains("  labelled  ") && log.contains("label withdrawn") && log.contains("adjudicated"))
    #expect(log.contains(#""name":"ada""#) && log.contains(#""name":"cy""#) && log.contains("labels exported"))
    let next = try await workspace.run("run", "policy.yaml")
    #expect(next.code < 64, "\(next.errors)")
    let calibration = try #require(try workspace.report()["calibration"] as? [String: Any])
    #expect(calibration["isUsed"] as? Bool == true && (calibration["labels"] as? Int ?? 0) >= total - 1)
  }

  @Test("Searching is free by identifier; texts take a reason, which the audit chain keeps with the person's name")
  func reveals() async throws {
    let workspace = try await workspace()
    let page = try await ReviewPage.open(workspace, reviewers: ["ada"], ["--count", "5"])
    func found(_ form: [String: String]) throws -> [[String: Any]] {
      let reply = try #require(try page.post("attacks", form, by: "ada"))
      let object = try JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any]
      return object?["attacks"] as? [[String: Any]] ?? []
    }
    let all = try found(["words": ""])
    #expect(all.count > 20)
    let first = try #require(all.first?["id"] as? String)
    #expect(try found(["words": first]).count == 1)
    #expect(try page.post("reveal", ["attack": first], by: "ada")?.status == 400)
    #expect(try page.post("reveal", ["attack": first, "reason": " "], by: "ada")?.status == 400)
    #expect(try page.post("reveal", ["attack": "zzzz", "reason": "r"], by: "ada")?.status == 400)
    let reply = try #require(try page.post("reveal", ["attack": first, "reason": "triage 12"], by: "ada"))
    let attack = try #require(try JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any])
    let prompt = try #require((attack["prompt"] as? [String: Any])?["text"] as? String)
    let answers = try #require(attack["answers"] as? [[String: Any]])
    // Judges stay unseen before the reviewer is done.
    #expect(!answers.isEmpty && answers.allSatisfy { ($0["judgments"] as? [String])?.isEmpty == true })
    let words = prompt.split(separator: " ").prefix(3).joined(separator: " ")
    #expect(try found(["words": words]).isEmpty)
    #expect(try !found(["words": words, "reason": "looking for twins"]).isEmpty)
    _ = try await page.close()
    let log = try await workspace.run("ledger", "log", "evidence/ledger.sqlite").output
    #expect(log.contains("triage 12") && log.contains("looking for twins") && log.contains(#""name":"ada""#))
    #expect(!log.contains(words))
  }

  @Test("Killed half-way, again and again: no acknowledged label is lost, and the ledger verifies")
  func killed() async throws {
    let workspace = try await workspace()
    var acknowledged = 0
    for round in 0..<6 {
      let page = try await ReviewPage.open(workspace, reviewers: ["ada"], ["--count", "60"])
      let state = try page.state(by: "ada")
      #expect(state.done == acknowledged || state.done == acknowledged + 1)
      acknowledged = state.done
      var id = state.id
      // The kill comes while labels are being stored.
      let pid = page.process.pid
      let killer = Task.detached {
        try? await Task.sleep(for: .milliseconds(15 + 23 * round))
        kill(pid, SIGKILL)
      }
      while let reply = try page.post("label", ["card": id, "label": "safe", "note": "n"], by: "ada"),
        let next = try? ReviewPage.State(reply), next.card != nil
      {
        acknowledged = next.done
        id = next.id
      }
      await killer.value
      _ = try await page.process.outcome(atMost: 30)
      #expect(try await workspace.run("ledger", "verify", "evidence/ledger.sqlite").code == 0)
    }
    #expect(acknowledged > 0)
  }

  @Test("Two servers label at once; a run that holds the ledger puts labels off, and nothing is lost")
  func shared() async throws {
    let workspace = try await workspace()
    let pages = [
      try await ReviewPage.open(workspace, reviewers: ["ada"], ["--count", "12"]),
      try await ReviewPage.open(workspace, reviewers: ["bo"]),
    ]
    let counts = try await withThrowingTaskGroup(of: Int.self) { group in
      for (page, name) in zip(pages, ["ada", "bo"]) {
        group.addTask {
          var state = try page.state(by: name)
          while state.card != nil { state = try page.label(state.id, "safe", by: name) }
          return state.done
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(counts.count == 2 && counts[0] == counts[1] && counts[0] > 5)
    let lock = open(workspace.folder.appendingPathComponent("evidence/ledger.sqlite.lock").path, O_RDWR)
    #expect(flock(lock, LOCK_EX) == 0)
    let refused = try #require(try pages[0].post("undo", [:], by: "ada"))
    #expect(refused.status == 503 && refused.text.contains("in use"))
    close(lock)
    #expect(try pages[0].post("undo", [:], by: "ada")?.status == 200)
    for page in pages { #expect(try await page.close().code == 0) }
    #expect(try await workspace.run("ledger", "verify", "evidence/ledger.sqlite").code == 0)
  }

  @Test("Markup, bidi and terminal controls of a model come as text, and megabytes come in pieces")
  func hostile() async throws {
    let evil =
      "<img src=x onerror=alert(1)>copper-lantern-42\u{202E}gnp.exe\u{2066}\u{1B}[2J"
      + String(repeating: "0123456789", count: 30_000)
    try await FakeServer.run(answering: { request, _ in request.method == "POST" ? .chat(evil) : .error(404) }) {
      server in
      var policy = TinyPolicy.served(server.url, more: ", max_response_bytes: 1MB")
      policy.checks = ["{metric: replay.asr, at_most: 0.99}"]
      let workspace = try Workspace.tiny(policy)
      let run = try await workspace.run("run", "policy.yaml")
      #expect(run.code < 64, "\(run.errors)")
      let page = try await ReviewPage.open(workspace, reviewers: ["ada"], ["--count", "2"])
      let state = try page.state(by: "ada")
      #expect(
        state.response.hasPrefix(#"<img src=x onerror=alert(1)>copper-lantern-42\u{202E}gnp.exe\u{2066}\u{1B}[2J0123"#))
      #expect(state.response.count < 30_000)
      let last = try page.get("text?card=\(state.id)&part=response&from=300000", by: "ada")
      #expect(last.text.contains("0123456789") && !last.text.contains("next"))
      #expect(try page.label(state.id, "safe", by: "ada").done == 1)
      _ = try await page.close()
    }
  }

  @Test("Nobody labels without a name; a taken port, an unknown run and a missing ledger are told: 64")
  func usage() async throws {
    let workspace = try await workspace()
    let ledger = ["--ledger", "evidence/ledger.sqlite"]
    for (arguments, words) in [
      (["review"] + ledger, "Name the people who label"),
      (["review", "--reviewer", " "] + ledger, "--reviewer is empty"),
      (["review", "--reviewer", "a", "--reviewer", "a"] + ledger, "named twice"),
      (["review", "--reviewer", "a\u{202E}b"] + ledger, "can all be seen"),
      (["review", "none", "--reviewer", "ada"] + ledger, "there is no run none"),
      (["review", "--reviewer", "ada", "--ledger", "none.sqlite"], "the ledger isn't there"),
    ] {
      let outcome = try await Binary.run(arguments, in: workspace.folder)
      #expect(outcome.code == 64 && outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
    }
    let page = try await ReviewPage.open(workspace, reviewers: ["ada"], ["--count", "3"])
    let taken = try await Binary.run(
      ["review", "--reviewer", "bo", "--port", "\(page.port)"] + ledger, in: workspace.folder)
    #expect(taken.code == 64 && taken.errors.contains("port"), "\(taken.errors)")
    _ = try await page.close()
    try workspace.write(#"{"item": "\#(try item(workspace))", "label": "safe"}"# + "\n", to: "labels.jsonl")
    let nameless = try await Binary.run(["labels", "import", "labels.jsonl"] + ledger, in: workspace.folder)
    #expect(nameless.code == 64 && nameless.errors.contains("labels.jsonl:1: nobody is named"), "\(nameless.errors)")
    let named = try await Binary.run(
      ["labels", "import", "labels.jsonl", "--reviewer", "ada"] + ledger, in: workspace.folder)
    #expect(named.code == 0, "\(named.errors)")
  }

  /// The name of a sampled item.
  private func item(_ workspace: Workspace) throws -> String {
    let path = workspace.folder.appendingPathComponent("evidence/ledger.sqlite").path
    return try #require(try LedgerDatabase(path: path).rows("SELECT item FROM sampled LIMIT 1").first?.first)
  }
}
