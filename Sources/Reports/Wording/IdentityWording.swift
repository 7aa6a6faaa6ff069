import Core

extension RunSummary.ModelSigns {
  /// Whatever a server says of itself is cut.
  private static let longest = 300
  private static let most = 8

  var revisionText: String { revision.map { PlainText.line($0, longest: Self.longest) } ?? "none declared" }

  var serverText: String {
    let lines = server.prefix(Self.most).map { PlainText.line($0, longest: Self.longest) }
    return lines.isEmpty ? "nothing" : lines.joined(separator: "; ") + (server.count > Self.most ? "; …" : "")
  }

  var bytesText: String {
    identifiesBytes
      ? "its bytes are identified"
      : "nothing identifies its bytes, so responses of earlier runs were not reused"
  }

  var settingsText: String { PlainText.line(settings, longest: Self.longest) }
}

extension RunSummary {
  private func model(_ role: Role) -> ModelIdentity? { models.first { $0.role == role.description } }

  /// What to know where candidate and baseline are told apart by settings alone, or by nothing; nil where they are two.
  var sameModel: String? {
    guard let candidate = model(.candidate), let baseline = model(.baseline), let new = candidate.signs,
      let old = baseline.signs
    else { return nil }
    let isOne = candidate.fingerprint == baseline.fingerprint
    guard isOne || candidate.name == baseline.name else { return nil }
    let settings = "candidate: \(new.settingsText); baseline: \(old.settingsText)"
    switch (isOne, new.settings == old.settings) {
    case (true, false) where new.identifiesBytes && old.identifiesBytes:
      return "Candidate and baseline have one fingerprint and differ in their settings alone (\(settings))."
    case (true, false): return "Candidate and baseline have one fingerprint and different settings (\(settings))."
    case (true, true): return "Candidate and baseline have one fingerprint and the same settings."
    case (false, false):
      return "Candidate and baseline have one name, two fingerprints and different settings (\(settings))."
    case (false, true): return "Candidate and baseline have one name and two fingerprints."
    }
  }

  static let mostInputs = 100

  /// Files that the verdict rests on.
  var inputs: [InputIdentity] { Array((policy.inputs ?? []).prefix(Self.mostInputs)) }
}
