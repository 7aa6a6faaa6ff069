extension Shard {
  /// What `--shard` takes for the shard that the environment names.
  public static let automatic = "auto"

  /// The variable of Sluice's own: `2/7`, before every other.
  public static let variable = "SLUICE_SHARD"
  /// How many shards there are, for engines that say only which one this is.
  public static let countVariable = "SLUICE_SHARDS"

  /// The shard that an engine gave this process.
  ///
  /// `SLUICE_SHARD` counts alone. Else Kubernetes (`JOB_COMPLETION_INDEX`, from 0, with `SLUICE_SHARDS`), Slurm
  /// (`SLURM_ARRAY_TASK_ID` from `_MIN`, with `_COUNT`) and GitLab (`CI_NODE_INDEX`, `CI_NODE_TOTAL`) are asked, and must agree where
  /// several of them speak.
  /// - Throws: `SluiceError` (usage) where none says it, two contradict each other, or a value is no number.
  public init(environment: [String: String]) throws {
    let environment = environment.filter { !$0.value.isEmpty }
    if let text = environment[Self.variable] {
      try self.init(text, in: Self.variable)
      return
    }
    let engines = EngineVariables(environment)
    let found = try [engines.kubernetes(), engines.slurm(), engines.gitLab()].compactMap(\.self)
    guard let first = found.first else {
      throw SluiceError(
        .usage, "--shard auto finds no shard in the environment",
        remedy: "Set SLUICE_SHARD=2/7, run under an engine that numbers its jobs (Kubernetes Indexed Jobs with "
          + "SLUICE_SHARDS, Slurm arrays, GitLab parallel), or write --shard 2/7.")
    }
    if let other = found.first(where: { $0.shard != first.shard }) {
      throw SluiceError(
        .usage, "\(first.name) says shard \(first.shard), and \(other.name) says shard \(other.shard)",
        remedy: "Say which it is: --shard \(first.shard), or SLUICE_SHARD.")
    }
    if let count = try engines.number(Self.countVariable), count != first.shard.count {
      throw SluiceError(
        .usage, "\(Self.countVariable) is \(count), and \(first.name) says shard \(first.shard)",
        remedy: "A task that is run again needs its old place among all: --shard, or SLUICE_SHARD.")
    }
    self = first.shard
  }
}

/// What engines tell a job of its place among others.
private struct EngineVariables {
  typealias Found = (name: String, shard: Shard)

  let environment: [String: String]

  init(_ environment: [String: String]) { self.environment = environment }

  func number(_ name: String) throws -> Int? {
    guard let text = environment[name] else { return nil }
    guard let number = Int(text) else {
      throw SluiceError(
        .usage, "\(name) is '\(text)', which is no number", remedy: "Write --shard 2/7 instead of auto.")
    }
    return number
  }

  private func required(_ name: String, beside other: String) throws -> Int {
    if let number = try number(name) { return number }
    throw SluiceError(
      .usage, "\(other) is set, and \(name) isn't", remedy: "Set \(name), or write --shard 2/7 instead of auto.")
  }

  private func shard(_ name: String, _ index: Int, _ count: Int) throws -> Found {
    guard let shard = Shard(index: index, count: count) else {
      throw SluiceError(
        .usage, "\(name) names shard \(index) of \(count), which isn't one",
        remedy: "Write --shard 2/7 instead of auto.")
    }
    return (name, shard)
  }

  func kubernetes() throws -> Found? {
    let name = "JOB_COMPLETION_INDEX"
    guard let index = try number(name) else { return nil }
    let count = try required(Shard.countVariable, beside: name)
    return try shard(name, index < Shard.most ? index + 1 : index, count)
  }

  func slurm() throws -> Found? {
    let name = "SLURM_ARRAY_TASK_ID"
    guard let task = try number(name) else { return nil }
    let first = try required("SLURM_ARRAY_TASK_MIN", beside: name)
    let count = try required("SLURM_ARRAY_TASK_COUNT", beside: name)
    let (place, overflows) = task.subtractingReportingOverflow(first)
    // An array with gaps says how many tasks it has, and not which of them this one is.
    if let last = try number("SLURM_ARRAY_TASK_MAX"), last.subtractingReportingOverflow(first).partialValue != count - 1
    {
      throw SluiceError(
        .usage, "the Slurm array has gaps: \(count) tasks from \(first) to \(last)",
        remedy: "Number its tasks without gaps (--array=1-\(count)), or write --shard 2/7 instead of auto.")
    }
    return try shard(name, overflows || place >= Shard.most ? Shard.most + 1 : place + 1, count)
  }

  func gitLab() throws -> Found? {
    let name = "CI_NODE_INDEX"
    guard let index = try number(name) else { return nil }
    return try shard(name, index, try required("CI_NODE_TOTAL", beside: name))
  }
}
