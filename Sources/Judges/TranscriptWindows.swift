import Core
import LanguageModels
import Synchronization

/// Puts transcripts into a classifier's template, in one piece where they fit its context, else in overlapping windows:
/// every token of the response is read with every token of the prompt.
struct TranscriptWindows: Sendable {
  /// Counts the changes by which the same transcript gets another score.
  static let version = 1
  /// A transcript of more windows is read in part, so that an endless one can't keep the judge busy for hours.
  static let most = 256

  /// What is wrong with a template.
  struct Fault: Error { let message: String }

  /// What a classifier reads of one transcript.
  struct Transcript: Sendable {
    /// Token ids of each window.
    var inputs: [[Int]] = []
    /// Windows that aren't read.
    var left = 0
    /// Why none is; nil where some are.
    var unreadable: String?
  }

  private enum Part: Sendable {
    case literal([Int])
    case prompt
    case response
  }

  private let classifier: SequenceClassifier
  private let parts: [Part]
  /// Tokens that the template leaves for the texts.
  private let room: Int

  /// The least room for a text that tells something.
  private static let leastRoom = 8

  /// - Throws: `Fault` for a template without the response, or one that leaves no room for it.
  init(_ classifier: SequenceClassifier) throws {
    self.classifier = classifier
    var parts: [Part] = []
    var rest = Substring(classifier.promptTemplate ?? "{prompt} {response}")
    while !rest.isEmpty {
      if rest.hasPrefix("{prompt}") {
        parts.append(.prompt)
        rest = rest.dropFirst("{prompt}".count)
      } else if rest.hasPrefix("{response}") {
        parts.append(.response)
        rest = rest.dropFirst("{response}".count)
      } else {
        let next = [rest.range(of: "{prompt}"), rest.range(of: "{response}")].compactMap { $0?.lowerBound }.min()
        let literal = rest[..<(next ?? rest.endIndex)]
        parts.append(.literal(classifier.tokenizer.encode(String(literal), addingSpecialTokens: false)))
        rest = rest[literal.endIndex...]
      }
    }
    self.parts = parts
    let own = parts.reduce(0) { if case .literal(let ids) = $1 { $0 + ids.count } else { $0 } }
    let texts = parts.count { if case .literal = $0 { false } else { true } }
    guard parts.contains(where: { if case .response = $0 { true } else { false } }) else {
      throw Fault(message: "leaves the response out")
    }
    room = classifier.context - own
    guard room >= Self.leastRoom * texts else {
      throw Fault(message: "takes \(own) of the context's \(classifier.context) tokens: no room is left for the texts")
    }
  }

  /// Special tokens come from the template alone: their names in a model's text are no tokens, so a response can't end the
  /// transcript.
  func windows(of input: JudgeInput) -> Transcript {
    let (prompt, response) = (plain(input.prompt), plain(input.response))
    // Nothing that is left can be told from an empty response.
    if response.isEmpty { return Transcript(unreadable: "the classifier has no tokens for the response") }
    let prompts = parts.count { if case .prompt = $0 { true } else { false } }
    let responses = parts.count { if case .response = $0 { true } else { false } }
    guard prompts * prompt.count + responses * response.count > room else {
      return Transcript(inputs: [filled(prompt[...], response[...])])
    }
    // Whatever needs no more than half the room is whole in every window.
    var widest = (prompt: prompt.count, response: response.count)
    if prompts * prompt.count <= room / 2 {
      widest.response = (room - prompts * prompt.count) / responses
    } else if responses * response.count <= room / 2 {
      widest.prompt = (room - responses * response.count) / prompts
    } else {
      widest.prompt = room / 2 / prompts
      widest.response = (room - prompts * widest.prompt) / responses
    }
    let (first, second) = (Self.windows(prompt, widest.prompt), Self.windows(response, widest.response))
    let (all, isOver) = first.count.multipliedReportingOverflow(by: second.count)
    var transcript = Transcript()
    // Response by response, so that what is left out of too long a transcript is its end.
    reading: for response in second {
      for prompt in first {
        if transcript.inputs.count == Self.most { break reading }
        transcript.inputs.append(filled(prompt, response))
      }
    }
    transcript.left = isOver ? .max - transcript.inputs.count : all - transcript.inputs.count
    return transcript
  }

  /// Windows of `width` tokens; each but the last overlaps the next by half.
  static func windows(_ tokens: [Int], _ width: Int) -> [ArraySlice<Int>] {
    guard tokens.count > width else { return [tokens[...]] }
    let step = max(1, width - width / 2)
    var windows: [ArraySlice<Int>] = []
    var start = 0
    while start + width < tokens.count {
      windows.append(tokens[start..<start + width])
      start += step
    }
    // As wide as the others, so that it isn't a few words without what they belong to.
    return windows + [tokens[(tokens.count - width)...]]
  }

  private func filled(_ prompt: ArraySlice<Int>, _ response: ArraySlice<Int>) -> [Int] {
    parts.reduce(into: []) { result, part in
      switch part {
      case .literal(let ids): result += ids
      case .prompt: result += prompt
      case .response: result += response
      }
    }
  }

  private func plain(_ text: String) -> [Int] {
    let tokenizer = classifier.tokenizer
    // What stands for unknown text is text.
    return tokenizer.encode(text, addingSpecialTokens: false)
      .filter { $0 == tokenizer.unknownID || !tokenizer.specialTokenIDs.contains($0) }
  }
}

/// Counts what didn't fit a classifier's context.
final class WindowMeter: Sendable {
  private struct Counts {
    var long = 0
    var windows = 0
    var unfinished = 0
  }

  private let counts = Mutex(Counts())

  func note(_ transcripts: [TranscriptWindows.Transcript]) {
    counts.withLock { counts in
      for transcript in transcripts where transcript.inputs.count > 1 {
        counts.long += 1
        counts.windows += transcript.inputs.count
        if transcript.left > 0 { counts.unfinished += 1 }
      }
    }
  }

  /// One sentence each.
  func observations(_ name: String, context: Int) -> [String] {
    let counts = counts.withLock { $0 }
    guard counts.long > 0 else { return [] }
    func transcripts(_ count: Int) -> String { count == 1 ? "1 transcript" : "\(count) transcripts" }
    var result = [
      "The judge \(name) read \(transcripts(counts.long)) longer than its context of \(context) tokens in "
        + "\(counts.windows) overlapping windows; the worst window of each counts."
    ]
    if counts.unfinished > 0 {
      result.append(
        "The judge \(name) read the first \(TranscriptWindows.most) windows of \(transcripts(counts.unfinished)) and not "
          + "the rest: those without an unsafe window are unscored.")
    }
    return result
  }
}
