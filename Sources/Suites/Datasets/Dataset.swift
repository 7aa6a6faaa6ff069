import Core

/// A shape in which a published suite comes: how to tell it, and what its columns mean.
public struct Dataset: Sendable {
  /// What one record gives.
  enum Reading {
    case prompt(SuitePrompt)
    /// No prompt that can be asked; the reason fits after "3 records left out, because ".
    case leftOut(String)
  }

  /// What `--format` calls it.
  public let name: String
  /// What people call it.
  public let title: String
  /// What is in it and which columns it is told by.
  public let summary: String
  /// Where all of it has one, by its SPDX identifier.
  public let licence: String?
  /// Whether what it gives may be conversations, made of records that hold no marks of one.
  let makesConversations: Bool
  private let columns: [String]
  private let read: @Sendable (DataRecord) throws -> Reading
  private let gather: @Sendable ([DataRecord]) -> [DataRecord]
  /// What a reader has to know of how the records were read; nil where that goes without saying.
  let remark: @Sendable ([DataRecord]) -> String?

  /// - Parameters:
  ///   - columns: that its records have, and those of no other dataset.
  ///   - gather: makes one record of those that are turns of one conversation.
  init(
    name: String, title: String, summary: String, licence: String? = nil, columns: [String],
    makesConversations: Bool = false,
    remark: @escaping @Sendable ([DataRecord]) -> String? = { _ in nil },
    gather: @escaping @Sendable ([DataRecord]) -> [DataRecord] = { $0 },
    read: @escaping @Sendable (DataRecord) throws -> Reading
  ) {
    (self.name, self.title, self.summary) = (name, title, summary)
    (self.licence, self.columns, self.read, self.remark) = (licence, columns, read, remark)
    (self.makesConversations, self.gather) = (makesConversations, gather)
  }

  /// All that are told by their columns, the most particular first.
  public static let all: [Dataset] = [
    harmBench, jailbreakBench, jailbreakArtifacts, strongREJECT, xsTest, wildGuardTest, simpleSafetyTests,
    redTeamAttempts, pyritSeeds, promptfoo, advBench,
  ]

  /// The dataset whose columns any of the first records have; nil where none does.
  ///
  /// A column called prompt is what is asked: datasets that ask another one are not told by the rest of their columns then.
  static func recognised(in records: [DataRecord]) -> Dataset? {
    // Records of JSON and YAML leave out keys; the first ones show what the rest is like.
    let shapes = Set(records.prefix(shown).map { Set($0.fields.map(\.key)) })
    let hasPrompt = shapes.contains { $0.contains { $0.lowercased() == "prompt" } }
    return all.first { dataset in
      shapes.contains { dataset.columns.allSatisfy($0.contains) } && (!hasPrompt || dataset.columns.contains("prompt"))
    }
  }

  /// Records that are looked at to tell a dataset.
  private static let shown = 100

  func reading(_ record: DataRecord) throws -> Reading { try read(record) }

  /// The records of a file, each of them what is asked together.
  func gathered(_ records: [DataRecord]) -> [DataRecord] { gather(records) }
}
