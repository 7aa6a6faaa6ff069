/// What a server tells, unasked for its weights, of the model that it serves: equal signs prove nothing, different ones
/// mean that something was changed.
public struct ServerSigns: Hashable, Codable, Sendable {
  /// The `system_fingerprint` values of its responses so far, sorted.
  public var systemFingerprints: [String]
  /// Seconds since 1970 of the model's entry in `/v1/models`. Nil where the server writes the time of the request there
  /// (vLLM, SGLang, lmdeploy, llama.cpp): that is no sign of anything.
  public var created: Int?
  /// What the name stands for: for vLLM the path or repository of the weights.
  public var root: String?
  /// The owner that the server's list of models names.
  public var ownedBy: String?
  /// Other members of the entry that tell models apart (`digest`, `meta.size`, …), each as text.
  public var others: [String: String]

  public init(
    systemFingerprints: [String] = [], created: Int? = nil, root: String? = nil, ownedBy: String? = nil,
    others: [String: String] = [:]
  ) {
    self.systemFingerprints = systemFingerprints.sorted()
    self.created = created
    self.root = root
    self.ownedBy = ownedBy
    self.others = others
  }

  /// Whether the server told nothing.
  public var isEmpty: Bool { self == ServerSigns() }

  /// What is not as it was in `earlier`, one phrase each, for a message; empty where all is.
  ///
  /// A sign that has gone or is new counts. Of system fingerprints those of `earlier` may be missing: a service spreads
  /// requests over machines, and few requests don't meet all of them.
  public func differences(from earlier: ServerSigns) -> [String] {
    func change(_ name: String, _ old: String?, _ new: String?) -> String? {
      old == new ? nil : "\(name) was \(old ?? "not there") and is \(new ?? "not there")"
    }
    var found = [
      change("created", earlier.created.map(String.init), created.map(String.init)),
      change("root", earlier.root, root), change("owned_by", earlier.ownedBy, ownedBy),
    ].compactMap(\.self)
    for name in Set(others.keys).union(earlier.others.keys).sorted() {
      if let text = change(name, earlier.others[name], others[name]) { found.append(text) }
    }
    if !Set(systemFingerprints).isSubset(of: earlier.systemFingerprints) {
      func list(_ values: [String]) -> String? { values.isEmpty ? nil : values.joined(separator: ", ") }
      if let text = change("system_fingerprint", list(earlier.systemFingerprints), list(systemFingerprints)) {
        found.append(text)
      }
    }
    return found
  }
}
