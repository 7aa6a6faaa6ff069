import Core
import GRDB

extension Ledger {
  /// What a model answered to each prompt that it was asked once, as it played its part in a run: in the order of `prompts`; nil where
  /// nothing is stored, or its text was purged.
  /// - Parameters:
  ///   - role: the part, as the run noted it.
  ///   - run: the run's identifier.
  public func answers(to prompts: [String], by role: String, in run: String) throws -> [Response?] {
    try read { db in
      let parts = try Row.fetchAll(
        db,
        sql: """
          SELECT settings, \(ExactText.read("fingerprint")) FROM parts
          WHERE run = \(ExactText.bound) AND role = \(ExactText.bound)
          """, arguments: [exact(run), exact(role)]
      ).map { (target: try $0.exactText("fingerprint"), settings: try $0.get("settings") as String) }
      guard let part = parts.last else { return prompts.map { _ in nil } }
      var interning = Interning()
      return try prompts.map { prompt -> Response? in
        guard let id = try interning.text(prompt, db, storing: false) else { return nil }
        for row in try Self.answerRows("r.prompt = ? AND r.sample = 0", [id], db) {
          guard try row.exactText("target") == part.target, try row.get("settings") == part.settings else { continue }
          return Response(text: try row.exactText("text"), finishReason: try row.exactText("finishReason"))
        }
        return nil
      }
    }
  }

  /// Prompts that were asked of models whose fingerprints end so, and that hold one of these texts.
  public func prompts(askedOf mark: String, holding texts: [String]) throws -> [Int64] {
    try prompts(askedOf: mark) { prompt, _ in texts.contains { prompt.contains($0) } }
  }

  /// Prompts that were asked of models whose fingerprints end so, by what they and their answers say. Texts that were purged are empty.
  public func prompts(
    askedOf mark: String, where isMeant: (_ prompt: String, _ answer: String) -> Bool
  ) throws -> [Int64] {
    try read { db in
      let sources = try Row.fetchAll(db, sql: "SELECT id, \(ExactText.read("target")) FROM sources").filter {
        try $0.exactText("target").hasSuffix(mark)
      }.map { try $0.get("id") as Int64 }
      var found: [Int64] = []
      for source in sources {
        let rows = try Row.fetchCursor(
          db,
          sql: """
            SELECT p.id, \(ExactText.read("p.text", as: "text")), \(ExactText.read("a.text", as: "answer"))
            FROM storedResponses r JOIN texts p ON p.id = r.prompt JOIN texts a ON a.id = r.text
            WHERE r.source = ? ORDER BY r.id
            """, arguments: [source])
        while let row = try rows.next() {
          if isMeant(try row.exactText("text"), try row.exactText("answer")) { found.append(try row.get("id")) }
        }
      }
      var seen: Set<Int64> = []
      return found.filter { seen.insert($0).inserted }
    }
  }
}
