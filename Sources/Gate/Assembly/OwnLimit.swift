import Core
import Foundation

/// How long a checkpoint itself says that its answers may be.
enum OwnLimit {
  /// `max_new_tokens` of `generation_config.json`; nil where there is none.
  static func maxTokens(checkpoint: String) -> Int? {
    guard let data = FileManager.default.contents(atPath: checkpoint + "/generation_config.json"),
      data.count <= 1 << 20,
      let json = try? JSON(parsing: [UInt8](data)), let limit = json["max_new_tokens"]?.integer, limit > 0
    else { return nil }
    return min(limit, 100_000)
  }
}
