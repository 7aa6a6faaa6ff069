import Core

extension RunSummary.ModelSigns {
  /// Whatever a server says of itself is cut.
  private static let longest = 300
  private static let most = 8

  private var serverText: String {
    server.prefix(Self.most).map { PlainText.line($0, longest: Self.longest) }.joined(separator: "; ")
      + (server.count > Self.most ? "; …" : "")
  }

  /// What is known of the model, and what is missing where something has to identify its bytes.
  var facts: [(key: String, words: String, value: String)] {
    let revision =
      self.revision.map { PlainText.line($0, longest: Self.longest) }
      ?? (identifiesBytes ? nil : Words.Identity.noRevision)
    return [
      revision.map { ("revision", Words.Identity.revision, $0) },
      server.isEmpty ? nil : ("server", Words.Identity.server, serverText),
      ("settings", Words.Identity.settings, settingsText),
      ("identifiesBytes", Words.Identity.bytes, identifiesBytes ? "true" : "false"),
    ].compactMap(\.self)
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
    let settings = Words.Identity.both(new.settingsText, old.settingsText)
    switch (isOne, new.settings == old.settings) {
    case (true, false) where new.identifiesBytes && old.identifiesBytes:
      return Words.Identity.settingsAlone(settings)
    case (true, false): return Words.Identity.oneFingerprint(settings)
    case (true, true): return Words.Identity.same
    case (false, false): return Words.Identity.oneName(settings)
    case (false, true): return Words.Identity.twoFingerprints
    }
  }

  static let mostInputs = 100

  /// Files that the verdict rests on.
  var inputs: [InputIdentity] { Array((policy.inputs ?? []).prefix(Self.mostInputs)) }
}
