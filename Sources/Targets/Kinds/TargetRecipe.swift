import ChatTemplates
import Core
import Kinds
import LanguageModels

/// A target as a policy describes it, before any file is loaded. Equal recipes make equal targets.
public protocol TargetRecipe: Sendable, Hashable {
  /// What a person calls it where the policy has no other name: its folder or served name.
  var name: String { get }
  /// Folder or file of the model; nil where it is served.
  var checkpoint: String? { get }
  /// The `http` or `https` address that is asked; nil without one.
  var address: String? { get }
  /// Files that it reads beside a checkpoint.
  var inputs: [InputFile] { get }
  /// Nil in this process.
  var served: ServedModel? { get }
  /// How its server is started; nil where it runs already, and for what has none.
  var serving: Serving? { get }
  /// Longest response; nil where the checkpoint says it.
  var maxTokens: Int? { get }
  /// Sampling as far as the policy says it.
  var settings: SamplingSettings { get }

  /// The same way to ask, of a checkpoint.
  func asking(checkpoint: String) -> any TargetRecipe
  /// The same way to ask, of another model on the same server; nil where no name makes another one answer.
  func asking(served name: String) -> (any TargetRecipe)?

  /// - Throws: `SluiceError` (usage) for a file that is missing or malformed, a URL that can't be used, or a key that isn't
  ///   there.
  func make(_ context: TargetContext) throws -> any Target

  /// The server that a run starts for it; nil where it needs none.
  /// - Throws: `SluiceError` (usage) where its program is missing, or a file that it names can't be read.
  func server(_ context: TargetContext) throws -> ModelServer?
}

extension TargetRecipe {
  public var address: String? { nil }
  public var inputs: [InputFile] { [] }
  public var serving: Serving? { nil }
  public func server(_ context: TargetContext) throws -> ModelServer? { nil }

  /// Whether both ask the same model: a checkpoint, or a name at an address.
  public func isSame(as other: any TargetRecipe) -> Bool {
    if checkpoint == nil, address == nil { return AnyHashable(self) == AnyHashable(other) }
    return checkpoint == other.checkpoint && served?.name == other.served?.name
      && address.map(WebAddress.place) == other.address.map(WebAddress.place)
  }
}

/// A decoder and the identity of its files.
public struct LoadedDecoder: Sendable {
  /// Digest of the checkpoint's files.
  public let fingerprint: String
  /// The checkpoint, loaded.
  public let model: CausalLanguageModel

  public init(fingerprint: String, model: CausalLanguageModel) {
    self.fingerprint = fingerprint
    self.model = model
  }
}

/// What targets are made with.
public struct TargetContext: Sendable {
  /// Loads a checkpoint, or returns it where it was loaded before.
  public var decoder: @Sendable (_ checkpoint: String, _ precision: WeightPrecision) throws -> LoadedDecoder
  /// Threads that a local model computes with.
  public var workers: Int
  /// What local sampling draws from.
  public var seed: UInt64
  /// The policy's path, for messages.
  public var policy: String
  /// What chat templates are told that ask for the date: one for the whole run.
  public var time: TemplateTime
  /// A text's digest, as a lower-case hexadecimal number.
  public var digest: @Sendable (String) -> String
  /// Hears of every long wait that a server asks for.
  public var waits: WaitSink
  /// Takes the policy's secrets out of what servers say.
  public var redactor: Redactor
  /// The servers of the run.
  public var servers: ModelServers
  /// Processes that share each server's `requests_per_minute`.
  public var shards: Int

  public init(
    decoder: @escaping @Sendable (String, WeightPrecision) throws -> LoadedDecoder, workers: Int, seed: UInt64,
    policy: String, time: TemplateTime, digest: @escaping @Sendable (String) -> String, waits: @escaping WaitSink,
    redactor: Redactor,
    servers: ModelServers, shards: Int = 1
  ) {
    self.decoder = decoder
    self.workers = workers
    self.seed = seed
    self.policy = policy
    self.time = time
    self.digest = digest
    self.waits = waits
    self.redactor = redactor
    self.servers = servers
    self.shards = shards
  }
}

/// A target that a policy names.
public struct TargetChoice: Sendable, Hashable {
  /// Name of the target's kind in the policy.
  public var kind: String
  /// What reports call it; nil for the model's own name.
  public var label: String?
  /// Nil where the policy names none.
  public var price: TokenPrice?
  /// What the target is made by.
  public var recipe: any TargetRecipe

  public init(kind: String, label: String? = nil, price: TokenPrice? = nil, recipe: any TargetRecipe) {
    self.kind = kind
    self.label = label
    self.price = price
    self.recipe = recipe
  }

  /// What a person calls the model.
  public var name: String { label ?? recipe.name }

  public static func == (a: TargetChoice, b: TargetChoice) -> Bool {
    a.kind == b.kind && a.label == b.label && a.price == b.price && AnyHashable(a.recipe) == AnyHashable(b.recipe)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(label)
    hasher.combine(AnyHashable(recipe))
  }
}
