import Core
import Foundation
import Kinds

/// A format of reports: everything that is known of it is said where its report is.
public struct Reporter: PolicyKind {
  /// The key of a policy's `report` that names its file.
  public let name: String
  public let summary: String
  /// What its files begin with.
  public let marks: [ReportMark]
  private let render: @Sendable (_ summary: RunSummary, _ context: ReportContext) throws -> [UInt8]

  /// All formats, in the order of the schema.
  public static let all: [Reporter] = [.junit, .html, .markdown, .json, .sarif, .csv]

  /// - Parameters:
  ///   - marks: one of which each of its files begins with, so that an older report is told from a file that is somebody's.
  ///   - render: the same bytes for the same summary and context.
  public init(
    name: String, summary: String, marks: [ReportMark],
    render: @escaping @Sendable (RunSummary, ReportContext) throws -> [UInt8]
  ) {
    self.name = name
    self.summary = summary
    self.marks = marks
    self.render = render
  }

  /// - Throws: `InternalError` when the summary contradicts itself.
  public func report(_ summary: RunSummary, _ context: ReportContext) throws -> [UInt8] {
    try render(summary, context)
  }

  /// The report's key in a policy's `report`, which takes the path of its file.
  public var key: PolicyKey { PolicyKey(name: name, shape: .output, help: "\(summary).") }
}

extension Reporter: Hashable {
  public static func == (a: Reporter, b: Reporter) -> Bool { a.name == b.name }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// What a report says of its making.
public struct ReportContext: Sendable {
  /// When the run ended.
  public let date: Date
  /// The version of Sluice that decided.
  public let version: String
  /// The machine's name.
  public let host: String
  /// The language of what people read; nil for the run's. Formats for programs have one language.
  public let language: Language?

  public init(date: Date, version: String, host: String, language: Language? = nil) {
    self.date = date
    self.version = version
    self.host = host
    self.language = language
  }
}

/// How a file of a format starts, and words that are near.
public struct ReportMark: Sendable {
  let start: String
  let words: [String]

  /// Makes a mark of a file's beginning and words that follow soon.
  public init(_ start: String, _ words: [String] = []) {
    self.start = start
    self.words = words
  }

  /// - Parameter head: the first some thousand bytes of a file.
  public func isIn(_ head: String) -> Bool {
    head.hasPrefix(start) && words.allSatisfy(head.contains)
  }
}
