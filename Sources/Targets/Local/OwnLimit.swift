import Core

/// How long a checkpoint itself says that its answers may be.
enum OwnLimit {
  /// `max_new_tokens` of `generation_config.json`; nil where there is none.
  static func maxTokens(checkpoint: String) -> Int? {
    let file = checkpoint + "/generation_config.json"
    guard let bytes = try? BoundedFile.read(file, what: "the file", limit: 1 << 20, hint: ""),
      let json = try? JSON(parsing: bytes), let limit = json["max_new_tokens"]?.integer, limit > 0
    else { return nil }
    return min(limit, 100_000)
  }
}
