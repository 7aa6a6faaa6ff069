import Core

/// A model's entry among those that a server lists (`/v1/models`), as far as it tells models apart.
struct ModelListing: Sendable {
  private let connection: ServerConnection
  private let model: String

  init(_ connection: ServerConnection, _ configuration: ServerConfiguration) {
    self.connection = connection
    model = configuration.model
  }

  /// The entry's signs without those that change by themselves; nil where the server has no such list or entry.
  /// - Throws: `CancellationError` alone.
  func steadySigns() async throws -> ServerSigns? {
    guard var signs = try await signs() else { return nil }
    guard signs.created != nil else { return signs }
    // vLLM, SGLang, lmdeploy and llama.cpp write the time of the request there. Two requests with more than a second in
    // between tell.
    try await connection.pause(.milliseconds(1100))
    let again = try await self.signs()
    if again?.created != signs.created { signs.created = nil }
    if let again { signs.others = signs.others.filter { again.others[$0.key] == $0.value } }
    return signs
  }

  private func signs() async throws -> ServerSigns? {
    if let list = try await connection.description(at: "models"), let entry = entry(of: list) { return signs(entry) }
    guard let own = try await connection.description(at: "models/" + ServerEndpoint.escaped(model)) else { return nil }
    return own["id"]?.string == nil ? nil : signs(own)
  }

  /// The model's own entry. A server with a single model answers with it whatever name it is asked for.
  private func entry(of list: JSON) -> JSON? {
    let entries = list["data"]?.array ?? list["models"]?.array ?? []
    // Ollama's names have a tag.
    let names = [model, model + ":latest"]
    return entries.first { entry in entry["id"]?.string.map(names.contains) ?? false }
      ?? (entries.count == 1 ? entries.first : nil)
  }

  /// Members that tell one checkpoint from another. Not those that change with load or time.
  private static let telling = [
    "id", "digest", "sha", "sha256", "hash", "checksum", "revision", "version", "parent", "max_model_len",
    "context_length", "quantization",
  ]
  private static let tellingOfFile = ["size", "n_params", "n_vocab", "n_embd", "n_ctx_train", "ftype", "digest"]

  private func signs(_ entry: JSON) -> ServerSigns {
    var others: [String: String] = [:]
    for key in Self.telling { others[key] = text(entry[key]) }
    // llama.cpp describes the file there.
    for key in Self.tellingOfFile { others["meta." + key] = text(entry["meta"]?[key]) }
    return ServerSigns(
      created: entry["created"]?.integer, root: text(entry["root"]), ownedBy: text(entry["owned_by"]), others: others)
  }

  private func text(_ value: JSON?) -> String? { connection.sign(value) }
}
