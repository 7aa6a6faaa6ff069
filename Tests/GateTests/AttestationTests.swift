import Core
import Evidence
import Foundation
import Testing

@testable import Gate

@Suite("What a signed verdict is refused for")
struct AttestationTests {
  private static let day = 86_400.0
  /// 2030-06-15, noon.
  private static let ended = 1_907_755_200.0
  private static let model = String(repeating: "a", count: 64)
  private static let digest = String(repeating: "d", count: 64)

  private func summary(
    _ verdict: Verdict = .pass, exitCode: Int32 = 0, waiver: RunSummary.Waiver? = nil
  ) -> RunSummary {
    func check(_ name: String, _ verdict: Verdict, _ waiver: RunSummary.Waiver? = nil) -> RunSummary.CheckResult {
      .init(
        name: name, metric: "replay.asr", stage: "replay", limit: Limit(atMost: 0.1), estimate: nil, verdict: verdict,
        adequacy: false, explanation: "", reason: "", waiver: waiver)
    }
    return RunSummary(
      run: "r",
      policy: .init(
        name: "p", path: "p.yaml", hash: "h", seed: 7, confidence: 0.95, digest: Self.digest, inputs: []),
      verdict: verdict, exitCode: exitCode, reasons: [],
      models: [
        .init(
          role: "candidate", name: "next", fingerprint: "\(Self.model)/engine", kind: "local",
          signs: .init(revision: nil, server: [], identifiesBytes: true, settings: "", isCheckpoint: true))
      ], checks: [check("a", verdict)] + (waiver.map { [check("b", .fail, $0)] } ?? []),
      evidence: .init(ledger: "l", sealed: false, headHash: "head"))
  }

  /// What verifying says of a payload under a trusted key.
  private func objections(
    _ payload: [UInt8], subject: String? = nil, policy: String? = nil, maxAge: Double = 7 * day, after age: Double = 60,
    signer: SigningKey? = nil, edit: (inout [UInt8]) -> Void = { _ in }
  ) throws -> [String] {
    let key = try SigningKey()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-attest-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var bytes = try Envelope(signing: payload, with: signer ?? key).json
    edit(&bytes)
    let file = folder.appendingPathComponent("verdict.json")
    try Data(bytes).write(to: file)
    return try Attestation.verify(
      file.path,
      trust: Attestation.Trust(
        keys: [key.publicKey], subject: subject ?? "sha256:\(Self.model)", policy: policy ?? Self.digest,
        maxAge: maxAge), now: Date(timeIntervalSince1970: Self.ended + age)
    ).objections
  }

  private func statement(_ summary: RunSummary) throws -> [UInt8] {
    try Statement.json(summary, finished: Self.ended)
  }

  @Test("A fresh pass of the model under the policy by a trusted key is accepted")
  func accepted() throws {
    #expect(try objections(statement(summary())) == [])
    #expect(try objections(statement(summary()), after: 7 * Self.day) == [])
    // Clocks may differ a little.
    #expect(try objections(statement(summary()), after: -299) == [])
  }

  @Test("Anything but a pass is refused, also where the policy lets an open verdict pass")
  func verdicts() throws {
    for (verdict, code) in [(Verdict.fail, 1), (.inconclusive, 2), (.inconclusive, 0)] as [(Verdict, Int32)] {
      #expect(
        try objections(statement(summary(verdict, exitCode: code))) == ["The verdict is \(verdict.rawValue), not pass."]
      )
    }
    // A payload that contradicts itself.
    let forged = String(decoding: try statement(summary(.fail, exitCode: 1)), as: UTF8.self)
      .replacing(#""verdict":"fail""#, with: #""verdict":"pass""#)
    #expect(try objections(Array(forged.utf8)).count == 1)
  }

  @Test("A waiver holds to the end of its last day, and not a second longer")
  func waivers() throws {
    let waived = try statement(summary(waiver: .init(reason: "known", owner: "ada", until: "2030-06-16")))
    #expect(try objections(waived, after: 1.5 * Self.day - 1) == [])
    #expect(
      try objections(waived, after: 1.5 * Self.day) == ["The waiver of b expired on 2030-06-16."])
    let endless = try statement(summary(waiver: .init(reason: "known", owner: "ada", until: "some day")))
    #expect(try objections(endless) == ["The waiver of b expired on some day."])
  }

  @Test("A verdict from the future, or one that is too old, is refused")
  func age() throws {
    let future = ["The run ended in the future, by this machine's clock."]
    #expect(try objections(statement(summary()), after: -301) == future)
    #expect(try objections(statement(summary()), after: 7 * Self.day + 1).count == 1)
    #expect(try objections(statement(summary()), maxAge: 60, after: 61).count == 1)
  }

  @Test("Another model, another policy, another key and a changed byte are refused")
  func others() throws {
    let payload = try statement(summary())
    let other = String(repeating: "b", count: 64)
    for subject in ["sha256:\(other)", "gitCommit:\(Self.model)", "revision:1", other] {
      #expect(try objections(payload, subject: subject).count == 1, "\(subject)")
    }
    #expect(try objections(payload, subject: Self.model) == [])
    #expect(try objections(payload, policy: other).count == 1)
    let unsigned = ["It is not signed by a trusted key, or was changed since."]
    #expect(try objections(payload, signer: SigningKey()) == unsigned)
    let changed = try objections(payload) { bytes in
      // The first byte of the payload; what is there then is Base64 as well.
      bytes[#"{"payload":""#.utf8.count] = UInt8(ascii: "f")
    }
    #expect(changed == unsigned)
  }

  @Test("A payload with a key twice, or with a part missing, is no verdict of Sluice, though it is signed")
  func duplicates() throws {
    let payload = String(decoding: try statement(summary()), as: UTF8.self)
    let twice = [
      (#""verdict":"pass""#, #""verdict":"pass","verdict":"pass""#), (#""result":"#, #""result":"PASSED","result":"#),
      (#""subject":"#, #""subject":[],"subject":"#), (#""digest":{"#, #""digest":{"sha256":"x","#),
      (#""failedTests":[]"#, #""failed":[]"#), (#""finished":"#, #""ended":"#),
    ]
    for (own, forged) in twice {
      let changed = payload.replacing(own, with: forged)
      #expect(changed != payload, "\(own)")
      let error = #expect(throws: SluiceError.self, "\(forged)") { _ = try objections(Array(changed.utf8)) }
      #expect(error?.exitCode == .usage && error?.message.contains("no verdict of Sluice") == true)
    }
  }
}
