import Core
import Kinds
import Targets

/// A judge as a policy describes it, before any file is loaded. Equal recipes make equal judges.
public protocol JudgeRecipe: Sendable, Hashable {
  /// What it judges with: the same files, or the same served model. Its mistakes are the same then, whatever its threshold or
  /// rubric. The last part is what a person calls it. Empty for a judge that is made of others.
  var identity: [String] { get }
  /// The judges that this one is made of; empty for a judge that looks at responses itself.
  var members: [JudgeChoice] { get }
  /// Probability from which a response counts as unsafe; nil where several judges have several.
  var threshold: Double? { get }
  /// Files that it reads.
  var inputs: [InputFile] { get }
  /// Nil for a judge in this process.
  var served: ServedModel? { get }
  /// What to add so that it judges every response; nil where it does.
  var remedyForUnjudged: String? { get }
  /// Returns the rules by which it judges responses for a category, in words for people; none where it has none to show.
  func guidance(category: String?) -> [String]

  /// - Throws: `SluiceError` (usage) for a file that is missing or malformed, a URL that can't be used, or a key that isn't
  ///   there.
  func make(_ context: JudgeContext) throws -> any Judge
}

extension JudgeRecipe {
  public var identity: [String] { [] }
  public var members: [JudgeChoice] { [] }
  public var threshold: Double? { nil }
  public var inputs: [InputFile] { [] }
  public var served: ServedModel? { nil }
  public var remedyForUnjudged: String? { nil }
  public func guidance(category: String?) -> [String] { members.flatMap { $0.recipe.guidance(category: category) } }
}

/// What judges are made with.
public struct JudgeContext: Sendable {
  /// Returns the identity of a checkpoint's files.
  public var fingerprint: @Sendable (_ checkpoint: String) throws -> String
  /// Returns the digest of a file, and of a text.
  public var fileDigest: @Sendable (_ path: String) throws -> String
  /// Returns the digest of a text.
  public var digest: @Sendable (String) -> String
  /// Threads that a local judge computes with.
  public var workers: Int
  /// Hears of every long wait that a server asks for.
  public var waits: WaitSink
  /// Takes the policy's secrets out of what servers say.
  public var redactor: Redactor
  /// Processes that share each server's `requests_per_minute`.
  public var shards: Int

  public init(
    fingerprint: @escaping @Sendable (String) throws -> String,
    fileDigest: @escaping @Sendable (String) throws -> String, digest: @escaping @Sendable (String) -> String,
    workers: Int, waits: @escaping WaitSink, redactor: Redactor, shards: Int = 1
  ) {
    self.fingerprint = fingerprint
    self.fileDigest = fileDigest
    self.digest = digest
    self.workers = workers
    self.waits = waits
    self.redactor = redactor
    self.shards = shards
  }
}

/// A judge that a policy names.
public struct JudgeChoice: Sendable, Hashable {
  /// Name of the judge's kind in the policy.
  public let kind: String
  /// What the judge is made by.
  public let recipe: any JudgeRecipe

  public init(kind: String, recipe: any JudgeRecipe) {
    self.kind = kind
    self.recipe = recipe
  }

  /// The judges that do the work: this one, or its members' members.
  public var leaves: [JudgeChoice] { recipe.members.isEmpty ? [self] : recipe.members.flatMap(\.leaves) }

  /// What a person calls the judge.
  public var name: String { recipe.identity.last ?? kind }

  /// Whether both judge with the same files or the same served model, whatever their thresholds.
  public func isSameJudge(as other: JudgeChoice) -> Bool {
    kind == other.kind && !recipe.identity.isEmpty && recipe.identity == other.recipe.identity
  }

  public static func == (a: JudgeChoice, b: JudgeChoice) -> Bool {
    a.kind == b.kind && AnyHashable(a.recipe) == AnyHashable(b.recipe)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(AnyHashable(recipe))
  }
}
