import Core
import Decisions
import Evidence
import Foundation
import LanguageModels
import Policies
import Suites
import Targets

/// What the `model` commands do: they look at one checkpoint through the code that a gate runs it with.
public enum ModelTools {
  /// A checkpoint's description and identity.
  public struct Inspection: Codable, Sendable {
    /// What the checkpoint says of itself.
    public let checkpoint: CheckpointDescription
    /// As it stands in ledgers and reports.
    public let fingerprint: String
    /// SHA-256 of the chat template's text; nil where there is none that can be rendered.
    public let chatTemplateDigest: String?
  }

  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  public static func inspect(_ path: String) throws -> Inspection {
    let description = try CheckpointDescription.load(path)
    return Inspection(
      checkpoint: description, fingerprint: try CheckpointIdentity.fingerprint(path),
      chatTemplateDigest: description.chatTemplate.map { SHA256.hex($0) })
  }

  /// What a checkpoint says about one text: a decoder its tokens' log-probabilities, a classifier its labels'
  /// probabilities, an encoder the text's vector.
  public struct Scored: Codable, Sendable {
    /// A token with what a decoder makes of it.
    public struct Token: Codable, Sendable {
      /// Its number in the vocabulary.
      public let id: Int
      /// As the vocabulary writes it.
      public let token: String
      /// Natural logarithm of its probability after what is before it; nil for the first.
      public let logProbability: Float?
    }

    /// What was scored.
    public let text: String
    /// The text's tokens; nil but for a decoder.
    public var tokens: [Token]?
    /// Sum over the tokens; nil but for a decoder.
    public var logProbability: Double?
    /// The likeliest tokens after the text.
    public var next: [Token]?
    /// Probability of each label; nil but for a classifier.
    public var labels: [String: Float]?
    /// The text's embedding; nil but for an encoder.
    public var vector: [Float]?
    /// The tokens for which the vector stands, where the text has more; nil where it stands for all.
    public var cut: Int?
  }

  /// - Parameter top: how many likely next tokens are wanted of a decoder.
  /// - Throws: `SluiceError` (usage) for a checkpoint that can't be used, or a text that can't be scored.
  public static func score(_ path: String, texts: [String], top: Int) async throws -> [Scored] {
    switch try CheckpointDescription.load(path).role {
    case .decoder:
      let model = try CausalLanguageModel.load(folder: path, precision: .stored)
      return try texts.map { text in
        let score = try model.score(text, top: top)
        func tokens(_ tokens: [TextScore.Token]) -> [Scored.Token] {
          tokens.map { Scored.Token(id: $0.id, token: $0.text, logProbability: $0.logProbability) }
        }
        return Scored(
          text: text, tokens: tokens(score.tokens), logProbability: score.total,
          next: top > 0 ? tokens(score.next) : nil)
      }
    case .classifier:
      let classifier = try SequenceClassifier.load(folder: path)
      let inputs = texts.map { classifier.tokenizer.encode($0) }
      if let long = inputs.first(where: { $0.count > classifier.context }) {
        throw SluiceError(
          .usage, "the text has \(long.count) tokens, and the classifier's context is \(classifier.context)",
          remedy: "Score it in parts, as a judge does.")
      }
      let rows = classifier.probabilities(inputs, workers: workers)
      return zip(texts, rows).map { text, row in
        Scored(text: text, labels: Dictionary(zip(classifier.labels, row)) { first, _ in first })
      }
    case .encoder:
      let encoder = try SentenceEncoder.load(folder: path)
      let vectors = encoder.embed(texts, workers: workers)
      return zip(texts, vectors).map { text, vector in
        Scored(text: text, vector: vector, cut: encoder.isCut(text) ? encoder.maximumLength : nil)
      }
    }
  }

  /// One completion.
  public struct Sample: Codable, Sendable {
    /// What was asked.
    public let prompt: String
    /// Its place among the samples of one prompt, from 0.
    public let sample: Int
    /// What the model answered.
    public let text: String
    /// Tokens that the model made.
    public let tokens: Int
    /// `stop` where the model ended the text, `length` where the limit did.
    public let finish: String
  }

  /// Samples as a local target answers: with the checkpoint's template, and each sample with a seed of its own.
  /// - Throws: `SluiceError` (usage) for a checkpoint that can't be used, or a prompt that it rejects.
  public static func generate(
    _ path: String, prompts: [String], samples: Int, settings: SamplingSettings
  ) async throws -> [Sample] {
    let model = try CausalLanguageModel.load(folder: path, precision: .stored)
    let target = try LocalTarget(name: path, fingerprint: path, model: model, settings: settings, workers: workers)
    let requests = prompts.flatMap { prompt in
      (0..<samples).map { TargetRequest(prompt: prompt, sampleIndex: $0) }
    }
    return try zip(requests, await target.respond(to: requests)).map { request, outcome in
      switch outcome {
      case .success(let response):
        return Sample(
          prompt: request.prompt, sample: request.sampleIndex, text: response.text,
          tokens: response.completionTokens, finish: response.finishReason)
      case .failure(let failure): throw SluiceError(.usage, failure.message)
      }
    }
  }

  /// What a decoder is given for a prompt.
  public struct Rendered: Codable, Sendable {
    /// What is asked.
    public let prompt: String
    /// The system prompt; nil without one.
    public let system: String?
    /// The whole text.
    public let rendered: String
    /// What the model reads.
    public let ids: [Int]
    /// Those as the vocabulary writes them.
    public let tokens: [String]
    /// Whether the text tells the date, and so another one tomorrow.
    public let usesTime: Bool
  }

  /// A prompt as a local target hands it to its model.
  /// - Throws: `SluiceError` (usage) for a checkpoint that can't be used, or a chat template that can't be rendered.
  public static func render(_ path: String, prompt: String, settings: SamplingSettings) throws -> Rendered {
    let model = try CausalLanguageModel.load(folder: path, precision: .stored)
    let prompts = try LocalPrompt(model, settings, time: .now)
    let (text, usesTime) = try prompts.rendered(prompt)
    let ids = prompts.tokens(rendered: text)
    return Rendered(
      prompt: prompt, system: settings.system, rendered: text, ids: ids,
      tokens: ids.map { model.tokenizer.token(of: $0) ?? "" }, usesTime: usesTime)
  }

  /// Texts from a file: JSON Lines with a member `text` or `prompt` (or plain strings), else one text a line.
  /// - Throws: `SluiceError` (usage) with the line that is wrong.
  public static func texts(file: String) throws -> [String] {
    let text = try BoundedFile.text(
      file, what: "the file of texts", limit: SuiteFile.largestFile, hint: "Split it.")
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .map { (index: $0.offset, line: $0.element.last == UInt8(ascii: "\r") ? $0.element.dropLast() : $0.element) }
      .filter { !$0.line.isEmpty }
    guard file.hasSuffix(".jsonl") else { return lines.map { String(decoding: $0.line, as: UTF8.self) } }
    return try lines.map { index, line in
      let value: JSON
      do {
        value = try JSON(parsing: Array(line))
      } catch let error as JSONSyntaxError {
        throw SluiceError.badInput(error.message, file: file, line: index + 1)
      }
      guard let text = value.string ?? value["text"]?.string ?? value["prompt"]?.string else {
        throw SluiceError.badInput("neither a text nor an object with 'text' or 'prompt'", file: file, line: index + 1)
      }
      return text
    }
  }

  private static var workers: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
}
