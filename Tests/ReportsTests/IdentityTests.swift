import Core
import Testing

@testable import Reports

@Suite("What exactly was judged")
struct IdentityTests {
  @Test("The run's digest and its inputs are in every format")
  func digest() throws {
    let run = CannedRuns.proven
    let digest = try #require(run.policy.digest)
    let report = try Renderings(run)
    #expect(report.properties["digest"] == digest)
    #expect(report.html.contains(digest) && report.json.contains(digest))
    #expect(report.markdown.contains("Run digest `\(digest.prefix(12))`"))
    for input in run.inputs {
      #expect(report.properties["input.\(input.use)"] == "\(input.path) \(input.hash)")
      #expect(report.html.contains(input.hash) && report.html.contains(input.path))
      #expect(report.markdown.contains("\(input.use) `\(input.hash.prefix(12))`"))
    }
  }

  @Test("Two inputs of one use keep a property each")
  func equalUses() throws {
    var run = CannedRuns.proven
    run.policy.inputs?[1].use = "suite.seeds"
    let properties = try Renderings(run).properties
    #expect(properties["input.suite.seeds"]?.hasPrefix("suites/known.jsonl") == true)
    #expect(properties["input.suite.seeds.2"]?.hasPrefix("fixtures/lab/rules.yaml") == true)
  }

  @Test("Revision, the server's signs, settings and whether bytes are identified are told of every model")
  func signs() throws {
    let report = try Renderings(CannedRuns.proven)
    #expect(report.properties["model.candidate.revision"] == "9f3c21a")
    #expect(report.properties["model.baseline.server"] == "system_fingerprint fp_44")
    #expect(report.properties["model.baseline.identifiesBytes"] == "false")
    #expect(report.properties["model.baseline.revision"] == "none declared")
    #expect(report.properties["model.control.revision"] == nil && report.properties["model.control.server"] == nil)
    #expect(report.properties["model.control.settings"] == "temperature 1.0, top_p 1.0, max_tokens 512")
    let provenance = try #require(report.page(from: "<section id=\"provenance\">", to: "</section>"))
    #expect(provenance.contains("Revision: 9f3c21a") && provenance.contains("system_fingerprint fp_44"))
    #expect(provenance.contains("Nothing identifies its bytes"))
  }

  @Test("Candidate and baseline that settings alone tell apart are said to be so in every format")
  func settingsAlone() throws {
    let words = "one fingerprint and differ in their settings alone"
    for (format, text) in try Renderings(CannedRuns.harmed).texts {
      #expect(text.contains(words) && text.contains("temperature 1.3"), "\(format)")
    }
    for (format, text) in try Renderings(CannedRuns.proven).texts { #expect(!text.contains(words), "\(format)") }
  }

  @Test("No more is claimed of one name than the fingerprints show")
  func sameModel() {
    var run = CannedRuns.harmed
    run.models[1].signs?.identifiesBytes = false
    #expect(run.sameModel?.hasPrefix("Candidate and baseline have one fingerprint and different settings (") == true)
    let settings = run.models[1].signs?.settings ?? ""
    run.models[0].signs?.settings = settings
    #expect(run.sameModel == "Candidate and baseline have one fingerprint and the same settings.")
    run.models[0].fingerprint = "another"
    #expect(run.sameModel == nil)
    let name = run.models[1].name
    run.models[0].name = name
    #expect(run.sameModel == "Candidate and baseline have one name and two fingerprints.")
    run.models[0].signs = nil
    #expect(run.sameModel == nil)
  }
}
