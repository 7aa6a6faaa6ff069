import Core

/// One exchange to learn: a prompt, and what the model should answer.
public struct TuningExample: Hashable, Codable, Sendable {
  /// What an exchange teaches.
  public enum Kind: String, Codable, Sendable {
    /// An attack, and a refusal.
    case refusal
    /// A harmless prompt, and its answer.
    case benign
  }

  /// What it teaches.
  public let kind: Kind
  /// What the user says.
  public let prompt: String
  /// What the model should answer.
  public let response: String

  /// Makes an exchange to learn.
  public init(_ kind: Kind, prompt: String, response: String) {
    self.kind = kind
    self.prompt = prompt
    self.response = response
  }
}

/// What a variant is tuned on.
public struct TuningData: Hashable, Sendable {
  /// Name of the data set's file in a job's folder.
  public static let fileName = "training.jsonl"
  /// Beside it, where the policy says whose attacks these are: trainers refuse a line that is no conversation.
  public static let governanceFileName = "training.governance.json"

  /// In the order of training files: mixed, so that a trainer that doesn't shuffle sees both kinds all the time.
  public let examples: [TuningExample]

  /// Takes exchanges in the order in which trainers are to see them.
  public init(_ examples: [TuningExample]) { self.examples = examples }

  /// Exchanges of one kind.
  public func count(_ kind: TuningExample.Kind) -> Int { examples.count { $0.kind == kind } }

  /// One conversation a line, as fine-tuning services and trainers read it:
  /// `{"messages":[{"role":"user","content":…},{"role":"assistant","content":…}]}`.
  public var chatLines: String {
    examples.map { example in
      JSON.object([
        JSON.Member(
          "messages", .array([Self.message("user", example.prompt), Self.message("assistant", example.response)]))
      ]).serialized() + "\n"
    }.joined()
  }

  private static func message(_ role: String, _ content: String) -> JSON {
    .object([JSON.Member("role", .string(role)), JSON.Member("content", .string(content))])
  }

  /// Writes the chat lines for their owner alone: they hold attacks in clear.
  /// - Throws: `SluiceError` when the file can't be written.
  public func write(to path: String) throws {
    try OutputFile.write(Array(chatLines.utf8), to: path, what: "the data set", access: .owner)
  }

  /// Writes whose attacks the data set in a folder holds, and what for.
  /// - Throws: `SluiceError` when the file can't be written.
  public static func write(_ governance: Governance, in folder: String) throws {
    try OutputFile.write(
      Array((governance.headerLine + "\n").utf8), to: "\(folder)/\(governanceFileName)",
      what: "whose the data set is", access: .owner)
  }
}
