/// The part of SARIF 2.1.0 that Sluice writes, property by property (OASIS, "Static Analysis Results Interchange Format
/// Version 2.1.0", sections 3.13 to 3.35 and 3.58).
struct SARIFLog: Encodable {
  /// Where the JSON schema of the format lies.
  static let schemaAddress = "https://json.schemastore.org/sarif-2.1.0.json"

  let schema = schemaAddress
  let version = "2.1.0"
  let runs: [Run]

  enum CodingKeys: String, CodingKey {
    case schema = "$schema"
    case version, runs
  }

  struct Run: Encodable {
    let automationDetails: AutomationDetails
    let invocations: [Invocation]
    let properties: [String: String]
    let results: [Result]
    let tool: Tool
  }

  /// The part of `id` before its last slash groups runs that are compared with one another.
  struct AutomationDetails: Encodable {
    let id: String
  }

  struct Invocation: Encodable {
    let endTimeUtc: String
    /// Whether the run came to its end, whatever its verdict.
    let executionSuccessful: Bool
    let exitCode: Int32
    let toolExecutionNotifications: [Notification]
  }

  struct Notification: Encodable {
    let level: Level
    let message: Message
  }

  struct Tool: Encodable {
    let driver: Driver
  }

  struct Driver: Encodable {
    let name = "Sluice"
    let rules: [Rule]
    let version: String
  }

  struct Rule: Encodable {
    let defaultConfiguration: Configuration
    let fullDescription: Message
    let help: Message
    let id: String
    let properties: Tags
    let shortDescription: Message

    struct Tags: Encodable {
      let tags: [String]
    }
  }

  struct Configuration: Encodable {
    let level: Level
  }

  struct Result: Encodable {
    let level: Level
    let locations: [Location]
    let message: Message
    /// Tells the same finding in later runs.
    let partialFingerprints: [String: String]
    let ruleId: String
    let ruleIndex: Int
    /// Nil where nobody answers for it.
    let suppressions: [Suppression]?
  }

  struct Suppression: Encodable {
    let justification: String
    let kind = "external"
    let status = "accepted"
  }

  struct Location: Encodable {
    let physicalLocation: PhysicalLocation
  }

  struct PhysicalLocation: Encodable {
    let artifactLocation: ArtifactLocation
    let region: Region
  }

  struct ArtifactLocation: Encodable {
    let uri: String
    let uriBaseId: String?
  }

  struct Region: Encodable {
    let startLine = 1
  }

  /// How much a finding weighs.
  enum Level: String, Encodable {
    /// It blocks.
    case error
    case warning
    /// It blocks nothing.
    case note
  }

  struct Message: Encodable {
    let text: String

    /// - Parameter text: of any origin; a link in it is no link any more (section 3.11.6 reads `[a](b)` as one).
    init(_ text: String) { self.text = PlainText.line(text).replacing("](", with: "] (") }
  }
}
