import Core
import Foundation

/// Works against prompts with "secret" in them, and now and then.
public struct SecretOracle: AttackOracle {
  public init() {}

  public func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    prompts.map { prompt in
      let works = prompt.contains("secret") || prompt.utf8.reduce(0, { $0 + Int($1) }) % 11 == 0
      return AttackObservation(logUnsafe: log(works ? 0.95 : 0.02), responses: samples)
    }
  }
}
