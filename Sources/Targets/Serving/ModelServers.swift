import Core
import Foundation
import Synchronization

/// The model servers of a run, by what the policy says of them: targets that say the same of the same address share one.
public final class ModelServers: Sendable {
  private struct Key: Hashable {
    let serving: Serving
    /// Nil for one that is chosen.
    let port: Int?
  }

  private let environment: [String: String]
  private let redactor: Redactor
  private let fingerprint: @Sendable (String) throws -> String
  private let digest: @Sendable (String) -> String
  private let servers = Mutex<[Key: ModelServer]>([:])

  /// - Parameters:
  ///   - environment: where programs are looked for (`PATH`), and what they get some of.
  ///   - redactor: takes secrets out of what they write.
  ///   - fingerprint: a file's or a checkpoint folder's digest.
  ///   - digest: a text's digest.
  public init(
    environment: [String: String] = ProcessInfo.processInfo.environment, redactor: Redactor,
    fingerprint: @escaping @Sendable (String) throws -> String, digest: @escaping @Sendable (String) -> String
  ) {
    self.environment = environment
    self.redactor = redactor
    self.fingerprint = fingerprint
    self.digest = digest
  }

  /// The server of a target; it isn't started yet.
  /// - Parameter url: where the target asks it, as the policy has it.
  /// - Throws: `SluiceError` (64) where there is no such program, or a file that the command names can't be read; (69) where no
  ///   port is free.
  package func server(_ serving: Serving, url: String) throws -> ModelServer {
    let key = Key(serving: serving, port: ServerHost(url: url)?.port)
    return try servers.withLock { servers in
      if let known = servers[key] { return known }
      let server = try ModelServer(
        serving, url: url, environment: environment, redactor: redactor, fingerprint: fingerprint, digest: digest)
      servers[key] = server
      return server
    }
  }
}
