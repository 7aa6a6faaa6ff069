import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

@Suite("What holds for one run only")
struct ScopeTests {
  private func scoped(_ prompt: String, _ scope: String) -> ResponseKey {
    ResponseKey(target: "openai|u|m", prompt: prompt, settings: SamplingSettings(), sampleIndex: 0, scope: scope)
  }

  @Test("a model without an identity is asked anew in every run, and each run finds its own responses")
  func responses() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let runs = [try ledger.beginRun(identity, now: 1), try ledger.beginRun(identity, now: 2)]
    try ledger.store([(scoped("a", runs[0]), .success(Response(text: "old")))], run: runs[0])
    #expect(try ledger.responses([scoped("a", runs[1]), scoped("a", "")]) == [nil, nil])
    let new = try ledger.store([(scoped("a", runs[1]), .success(Response(text: "new")))], run: runs[1])
    #expect(try ledger.store([(scoped("a", runs[1]), .success(Response(text: "again")))], run: runs[1]) == new)
    #expect(try ledger.responses(runs.map { scoped("a", $0) }).map { $0?.text } == ["old", "new"])
    // Nobody stores in another run's name.
    #expect(throws: InternalError.self) {
      try ledger.store([(scoped("b", runs[0]), .success(Response(text: "x")))], run: runs[1])
    }
  }

  @Test("only what a run stored itself counts where that is asked for")
  func onlyOf() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let first = try ledger.beginRun(identity, now: 1)
    let second = try ledger.beginRun(identity, now: 2)
    try ledger.store([(key("a"), .success(Response(text: "one")))], run: first)
    try ledger.store([(key("b"), .success(Response(text: "two")))], run: second)
    let keys = [key("a"), key("b")]
    #expect(try ledger.responses(keys, onlyOf: first).map { $0?.text } == ["one", nil])
    #expect(try ledger.responses(keys, onlyOf: second).map { $0?.text } == [nil, "two"])
    #expect(try ledger.responses(keys, onlyOf: "none").allSatisfy { $0 == nil })
    #expect(try ledger.responses(keys).map { $0?.text } == ["one", "two"])
  }

  @Test("a judge without an identity reuses no verdict of an earlier run; samples to label use none either")
  func judgments() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let runs = [try ledger.beginRun(identity, now: 1), try ledger.beginRun(identity, now: 2)]
    try ledger.store([(key("a"), .success(Response(text: "t")))], run: runs[1])
    try ledger.store([(key("a"), nil, .scored(0, category: nil))], judge: "llm:x", scope: runs[0])
    #expect(try ledger.scores([(key("a"), nil)], judge: "llm:x", scope: runs[1]) == [nil])
    #expect(try ledger.scores([(key("a"), nil)], judge: "llm:x") == [nil])
    #expect(try ledger.labelCandidates(run: runs[1], judges: ["llm:x"]).isEmpty)
    try ledger.store([(key("a"), nil, .scored(1, category: nil))], judge: "llm:x", scope: runs[1])
    #expect(try ledger.labelCandidates(run: runs[1], judges: ["llm:x"]).map(\.score) == [1])
    #expect(
      try runs.map { try ledger.scores([(key("a"), nil)], judge: "llm:x", scope: $0)[0]?.unsafeProbability } == [0, 1])
  }

  @Test("what targets were is kept in the order of a run's lives")
  func targets() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let other = try ledger.beginRun(identity, now: 1)
    try ledger.noteTarget(
      run: run, role: "candidate", fingerprint: "f", revision: nil, signs: ServerSigns(systemFingerprints: ["fp_1\0"]),
      now: 2)
    try ledger.noteTarget(run: run, role: "baseline", fingerprint: "g", revision: "abc", signs: nil, now: 3)
    try ledger.noteTarget(run: run, role: "candidate", fingerprint: "f", revision: nil, signs: ServerSigns(), now: 4)
    try ledger.noteTarget(run: other, role: "candidate", fingerprint: "h", revision: nil, signs: nil, now: 5)
    let seen = try ledger.targets(of: run)
    #expect(seen.map(\.role) == ["candidate", "baseline", "candidate"] && seen.map(\.at) == [2, 3, 4])
    #expect(seen.map(\.signs) == [ServerSigns(systemFingerprints: ["fp_1\0"]), nil, ServerSigns()])
    #expect(seen.map(\.revision) == [nil, "abc", nil])
    #expect(throws: InternalError.self) {
      try ledger.noteTarget(run: "none", role: "candidate", fingerprint: "f", revision: nil, signs: nil, now: 2)
    }
    for sql in ["UPDATE targets SET signs = NULL", "DELETE FROM targets", "DELETE FROM responses"] {
      try ledger.store([(key("a"), .success(Response(text: "t")))], run: run)
      #expect(throws: InternalError.self, "\(sql)") { try ledger.write { try $0.execute(sql: sql) } }
    }
  }

  @Test("failures are told by target, kind and message, with what is still missing")
  func failures() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let other = try ledger.beginRun(identity, now: 1)
    func failed(_ kind: ResponseFailure.Kind, _ message: String) -> ResponseOutcome {
      .failure(ResponseFailure(kind: kind, message: message))
    }
    try ledger.store(
      [
        (key("a"), failed(.serverError, "500")), (key("a"), failed(.serverError, "500")),
        (key("b"), failed(.serverError, "500")), (key("c"), failed(.malformed, "no JSON")),
        (scoped("a", run), failed(.serverError, "500")),
      ], run: run)
    try ledger.store([(key("z"), failed(.malformed, "no JSON"))], run: other)
    try ledger.store([(key("b"), .success(Response(text: "t")))], run: run)
    #expect(
      try ledger.failures(of: run) == [
        FailureGroup(target: "t", kind: "serverError", message: "500", count: 3, unanswered: 1),
        FailureGroup(target: "openai|u|m", kind: "serverError", message: "500", count: 1, unanswered: 1),
        FailureGroup(target: "t", kind: "malformed", message: "no JSON", count: 1, unanswered: 1),
      ])
    // What another run was told is no answer to this one.
    try ledger.store([(scoped("a", other), .success(Response(text: "t")))], run: other)
    #expect(try ledger.failures(of: run).map(\.unanswered) == [1, 1, 1])
    try ledger.store([(scoped("a", run), .success(Response(text: "t")))], run: run)
    #expect(try ledger.failures(of: run).map(\.unanswered) == [1, 0, 1])
  }

  @Test("a run's digest stands for its policy's text, and its edit shows in the audit chain")
  func digest() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    func with(_ digest: String?, text: String = "t") -> RunIdentity {
      RunIdentity(policyName: "p", policyText: text, digest: digest, seed: 1, overrides: [], stages: [])
    }
    let identities = [with("d"), with("e"), with(nil), with(nil, text: "d"), with(nil, text: "digest")]
    #expect(Set(identities.map(\.hash)).count == identities.count)
    #expect(with("d", text: "other").hash == with("d").hash)
    let run = try ledger.beginRun(with("d"), now: 1)
    #expect(try ledger.unfinishedRun(with("d", text: "other"))?.id == run)
    #expect(try ledger.unfinishedRun(with("e")) == nil)
    #expect(try ledger.runs().map(\.digest) == ["d"])
    try ledger.verifyAudit()
    try ledger.write { try $0.execute(sql: "UPDATE runs SET digest = 'e'") }
    #expect(throws: AuditFault.self) { try ledger.verifyAudit() }
  }
}
