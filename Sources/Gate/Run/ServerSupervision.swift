import Core
import Foundation
import Targets

/// A model server that a run starts, and whose models it serves.
struct RunServer: Sendable {
  let server: ModelServer
  /// In the order of reports; never empty.
  let roles: [Role]

  /// For example `the candidate and control models`.
  var whom: String {
    let names = roles.map(\.description)
    let list =
      names.count < 2 ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    return "the \(list) model" + (names.count < 2 ? "" : "s")
  }

  /// What reports say of it.
  var notice: String {
    "A run serves \(whom) itself: \(server.serving.command.joined(separator: " ")) "
      + "(GET \(server.serving.ready) within \(server.serving.timeout.components.seconds) s)."
  }

  /// - Parameter folder: nil where no log is kept.
  func log(in folder: String?) -> String? {
    guard let folder, let first = roles.first else { return nil }
    return "\(folder)/\(first).log"
  }
}

extension RunPlan {
  /// Each server once, in the order of reports.
  var servers: [RunServer] {
    let served = participants.compactMap { participant in participant.server.map { (participant.role, $0) } }
    return served.reduce(into: []) { all, next in
      guard !all.contains(where: { $0.server === next.1 }) else { return }
      all.append(RunServer(server: next.1, roles: served.filter { $0.1 === next.1 }.map(\.0)))
    }
  }
}

/// Keeps the model servers of a run while it works: they are started before the work, one after the other, and ended however it
/// ends.
struct ServerSupervision: Sendable {
  let servers: [RunServer]
  /// Where logs are kept; nil where none may be.
  let folder: String?
  var clock = RetryClock.continuous
  /// What asks whether they are ready; nil for libcurl.
  var transport: (any HTTPTransport)?
  let progress: ProgressSink

  /// Does the work while all servers live.
  /// - Throws: `SluiceError`: (69) where a server doesn't become ready, or ends before the work does; (64) where a program or its
  ///   log can't be opened; what the work throws.
  func serving<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
    if servers.isEmpty { return try await work() }
    do {
      try makeFolder()
      for each in servers { try await start(each) }
      let result = try await supervised(work)
      await stop()
      return result
    } catch {
      await stop()
      throw error
    }
  }

  private func makeFolder() throws {
    guard let folder else { return }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw SluiceError(
        .inputOutput, "can't make the folder of the servers' logs: \(error.localizedDescription)",
        at: SourceLocation(file: folder), remedy: "Check that the ledger's folder can be written.")
    }
  }

  private func start(_ each: RunServer) async throws {
    let log = each.log(in: folder)
    progress(
      .notice(
        "starting \(each.server.serving.program) for \(each.whom); "
          + (log.map { "its log is \($0)" } ?? "its log is not kept, since the ledger is sealed")))
    try await each.server.start(log: log, for: each.whom, clock: clock, transport: transport) { progress(.notice($0)) }
  }

  private func supervised<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    do {
      return try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await work() }
        for each in servers { group.addTask { throw try await loss(of: each) } }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
      }
    } catch let error as SluiceError where error.exitCode == .unavailable {
      // A target that is lost may be a server that is just ending.
      for _ in 0..<Self.looks {
        if let loss = servers.lazy.compactMap({ $0.server.loss(for: $0.whom) }).first { throw loss }
        try await clock.sleep(Self.pause)
      }
      throw error
    }
  }

  /// Between two looks whether a server is still there.
  private static let pause = Duration.milliseconds(50)
  private static let looks = 10

  /// Waits until a server ends by itself.
  /// - Throws: `CancellationError` alone.
  private func loss(of each: RunServer) async throws -> SluiceError {
    while true {
      if let loss = each.server.loss(for: each.whom) { return loss }
      try await clock.sleep(Self.pause)
    }
  }

  private func stop() async {
    await withTaskGroup(of: Void.self) { group in
      for each in servers { group.addTask { await each.server.stop() } }
    }
  }
}
