import Core
import Foundation
import Testing

@testable import Policies
@testable import Targets

/// The policies that the repository carries, found from this file's place in it.
@Suite("The shipped policies")
struct ShippedPolicyTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "policies").path
  private static let environment = [
    "SLUICE_URL": "http://127.0.0.1:8000", "SLUICE_MODEL": "new", "SLUICE_BASELINE_MODEL": "old",
  ]

  private func load(_ name: String) throws -> Policy {
    try Policy.load(path: "\(Self.folder)/\(name).yaml", environment: Self.environment, checksFiles: false)
  }

  @Test("Each is valid and is named after its file", arguments: ["release-gate", "weekly-audit", "openai-compatible"])
  func valid(_ name: String) throws {
    let policy = try load(name)
    #expect(policy.name == name && !policy.checks.isEmpty)
    #expect(policy.baseline != nil && !policy.decidesOnEstimates && !policy.inconclusivePasses && !policy.report.reveal)
    #expect(!policy.observes)
    // A gate that doesn't check its own work passes when nothing worked.
    #expect(Set(policy.checks.map(\.metric.name)).isSuperset(of: ["run.error_rate", "run.coverage"]))
  }

  @Test("The proof of concept asks one model for an hour at most, and blocks nothing")
  func proofOfConcept() throws {
    let policy = try load("proof-of-concept")
    #expect(policy.name == "proof-of-concept" && policy.observes && policy.budget.wallClock == 3600)
    #expect(policy.baseline == nil && policy.control == nil && policy.transfer.isEmpty && policy.attacker == nil)
    #expect(Set(policy.checks.map(\.metric.name)).isSuperset(of: ["replay.asr", "run.error_rate", "run.coverage"]))
    #expect(!policy.decidesOnEstimates && !policy.inconclusivePasses && !policy.report.reveal)
  }

  @Test("The release gate proves its attacker on a control and bounds newly broken attacks and refusals")
  func releaseGate() throws {
    let checks = Set(try load("release-gate").checks.map(\.metric.name))
    #expect(
      checks.isSuperset(of: [
        "replay.asr", "replay.regression", "replay.newly_broken", "attacker.control_recall", "benign.refusal_rate",
      ]))
  }

  @Test("The weekly audit spends more than the gate and tries what it found on other models")
  func weeklyAudit() throws {
    let (weekly, gate) = (try load("weekly-audit"), try load("release-gate"))
    #expect(weekly.budget.targetResponses > gate.budget.targetResponses)
    #expect(weekly.suite.responses > gate.suite.responses)
    let transfer = Set(weekly.transfer.map(\.name))
    #expect(!transfer.isEmpty)
    #expect(Set(weekly.checks.compactMap(\.target)).isSubset(of: transfer))
  }

  @Test("The server's policy asks the same question of both models and keeps its canary in the system prompt")
  func server() throws {
    let policy = try load("openai-compatible")
    let candidate = try #require(policy.candidate.recipe as? ServedRecipe<OpenAIDialogue>)
    var baseline = try #require(policy.baseline?.recipe as? ServedRecipe<OpenAIDialogue>)
    #expect(candidate.configuration.model == "new" && baseline.configuration.model == "old")
    #expect(candidate.configuration.apiKeyVariable == "SLUICE_API_KEY")
    #expect(candidate.settings.system?.contains("copper-lantern-42") == true)
    baseline.configuration.model = candidate.configuration.model
    #expect(candidate == baseline)
  }

  @Test("Without its variables the server's policy names each that is missing")
  func unsetVariables() throws {
    do {
      _ = try Policy.load(path: "\(Self.folder)/openai-compatible.yaml", environment: [:], checksFiles: false)
      Issue.record("the policy was accepted")
    } catch let error as PolicyErrors {
      for name in ["SLUICE_URL", "SLUICE_MODEL", "SLUICE_BASELINE_MODEL"] {
        #expect(error.description.contains("the environment variable \(name) is not set"))
      }
    }
  }
}
