import Core
import Kinds
import Testing

@testable import Gate
@testable import Targets

/// Answers from a file of recorded answers.
struct RecordedTarget: Target {
  let name: String
  let fingerprint: String
  let settings: SamplingSettings
  /// Answers are at hand, so that many may be asked for at once.
  let preferredBatch = 1_024
  /// The fingerprint holds the file's digest.
  let identifiesBytes = true
  /// Recorded answers by the bytes of their prompt; the first is sample 0.
  let answers: [[UInt8]: [String]]

  func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: ResponseOutcome) -> Void
  ) async throws {
    for (index, request) in requests.enumerated() {
      try Task.checkCancellation()
      let recorded = answers[Array(request.prompt.utf8)] ?? []
      if request.sampleIndex < recorded.count {
        onOutcome(index, .success(Response(text: recorded[request.sampleIndex])))
      } else {
        // A failure counts against the candidate; the same answer again would count as fresh evidence.
        let problem = "\(name) has no answer number \(request.sampleIndex + 1)"
        onOutcome(index, .failure(ResponseFailure(kind: .rejected, message: problem)))
      }
    }
  }

  func probe() async throws {}
}

extension RecordedTarget {
  /// The target as a policy describes it.
  struct Recipe: TargetRecipe {
    let file: String
    let prompt: String
    let response: String
    let settings: SamplingSettings

    var name: String { file }
    var checkpoint: String? { nil }
    var served: ServedModel? { nil }
    var maxTokens: Int? { nil }
    /// The run's identity takes its digest in, and no report is written over it.
    var inputs: [InputFile] { [InputFile("answers", path: file)] }

    /// A variant that was tuned from it is a checkpoint in this process.
    func asking(checkpoint: String) -> any TargetRecipe {
      LocalTarget.Recipe(path: checkpoint, settings: settings)
    }

    func asking(served name: String) -> (any TargetRecipe)? { nil }

    func make(_ context: TargetContext) throws -> any Target {
      let text = try BoundedFile.text(
        file, what: "the answers", limit: Self.largestFile, hint: "Split it: a gate replays some thousand prompts.")
      var answers: [[UInt8]: [String]] = [:]
      for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      where !line.allSatisfy(\.isWhitespace) {
        guard let object = try? JSON(parsing: Array(line.utf8)), let asked = object[prompt]?.string,
          let answer = object[response]?.string
        else {
          throw SluiceError.badInput(
            "no JSON object with the texts '\(prompt)' and '\(response)'", file: file, line: index + 1,
            remedy: "Name the fields of your file with prompt_field and response_field.")
        }
        answers[Array(asked.utf8), default: []].append(answer)
      }
      return RecordedTarget(
        name: name, fingerprint: "recorded.1:" + context.digest("\(prompt)\n\(response)\n\(text)"), settings: settings,
        answers: answers)
    }

    /// Bytes.
    private static let largestFile = 64 << 20
  }
}

extension TargetKind {
  static let recorded = TargetKind(
    name: "recorded", summary: "a file of recorded answers",
    keys: [
      PolicyKey(name: "file", shape: .file, required: true, help: "JSON Lines, an object for each answer."),
      PolicyKey(name: "prompt_field", shape: .text, fallback: "prompt", help: "Field that holds the prompt."),
      PolicyKey(name: "response_field", shape: .text, fallback: "response", help: "Field that holds the answer."),
    ]
  ) { section in
    RecordedTarget.Recipe(
      file: section.string("file"), prompt: section.string("prompt_field"), response: section.string("response_field"),
      settings: SamplingSettings(section, maxTokens: 0))
  }
}

@Suite("The example of a target")
struct RecordedTargetTests {
  private func gate(_ answers: String) throws -> ExampleGate {
    try ExampleGate([
      "policy.yaml": """
      version: 1
      name: recorded
      targets: {candidate: {kind: recorded, file: answers.jsonl, prompt_field: question}}
      judges:
        confirm: {kind: links}
      suite: {seeds: seeds.jsonl, responses: 2, early_stop: off}
      checks:
        - {metric: replay.asr, at_most: 0.2}

      """,
      "seeds.jsonl": (0..<50).map { "{\"prompt\": \"q\($0)\"}\n" }.joined(), "answers.jsonl": answers,
    ]) {
      $0.judges.append(.links)
      $0.targets.append(.recorded)
    }
  }

  /// - Parameter prompts: how many of the fifty have their two answers.
  private func answers(_ prompts: Int) -> String {
    (0..<prompts).flatMap { prompt in
      (0..<2).map { "{\"question\": \"q\(prompt)\", \"response\": \"no \($0) \(prompt.spelt)\"}\n" }
    }.joined()
  }

  @Test("is asked for every sample of every prompt, and what isn't recorded is missing, never safe")
  func isAsked() async throws {
    let whole = try await gate(answers(50)).run()
    #expect(whole.verdict == .pass, "\(whole.reasons)")
    let part = try await gate(answers(40)).run()
    #expect(part.verdict == .inconclusive)
    let row = try #require(part.outcomes?.first { $0.role == "candidate" && $0.stage == "replay" })
    #expect(row.failed == 20 && row.safe == 80)
  }

  @Test("is another model where a byte of its file is another")
  func identity() throws {
    func fingerprint(_ answers: String) throws -> String {
      try Assembly(gate(answers).policy()).plan(stages: [.replay, .decide]).candidate.target.fingerprint
    }
    #expect(try fingerprint(answers(3)) == fingerprint(answers(3)))
    #expect(try fingerprint(answers(3)) != fingerprint(answers(3).replacing("no 1", with: "no 2")))
  }

  @Test("names the line of its file that it can't read")
  func malformed() throws {
    let gate = try gate(answers(1) + "{\"prompt\": \"q\"}\n")
    #expect {
      _ = try Assembly(gate.policy()).plan(stages: [.replay, .decide])
    } throws: { error in
      (error as? SluiceError)?.location?.line == 3 && (error as? SluiceError)?.exitCode == .usage
    }
  }
}
