import Core
import Evidence
import Foundation
import Gate

/// Answers requests: which address does what.
struct ReviewSite: Sendable {
  private let entrance: Entrance
  private let desk: ReviewDesk

  /// Bytes that a request may carry: a note and some words.
  static let largestBody = 64 << 10
  /// Characters of a note or reason.
  private static let longestText = 10_000
  /// Attacks that one search shows.
  private static let mostAttacks = 200

  init(_ desk: ReviewDesk, entrance: Entrance) {
    self.desk = desk
    self.entrance = entrance
  }

  func answer(_ request: PageRequest) async -> PageReply {
    guard case .admitted(let reviewer, let path) = entrance.outcome(of: request) else { return .refused }
    let work: (@Sendable () throws -> PageReply)? =
      switch (request.method, path) {
      case ("GET", ""): { PageReply(200, "text/html; charset=utf-8", Array(ReviewPage.html.utf8)) }
      case ("GET", "style.css"): { PageReply(200, "text/css; charset=utf-8", Array(ReviewStyle.css.utf8)) }
      case ("GET", "script.js"): { PageReply(200, "text/javascript; charset=utf-8", Array(ReviewScript.text.utf8)) }
      case ("GET", "icon.svg"): { PageReply(200, "image/svg+xml", Array(ReviewPage.icon.utf8)) }
      case ("GET", "state"): { try .json(desk.state(of: reviewer)) }
      case ("GET", "text"): { try piece(request.query) }
      case ("GET", "disagreements"): { try .json(desk.disagreements(for: reviewer)) }
      case ("POST", "label"): { try label(Form(request.body), by: reviewer) }
      case ("POST", "undo"): { try .json(desk.undo(by: reviewer)) }
      case ("POST", "adjudicate"): { try adjudicate(Form(request.body), by: reviewer) }
      case ("POST", "attacks"): { try attacks(Form(request.body), by: reviewer) }
      case ("POST", "reveal"): { try reveal(Form(request.body), by: reviewer) }
      default: nil
      }
    guard let work else { return .text(404, "There is no such page.\n") }
    return await offPool { Self.explained(work) }
  }

  private static func explained(_ work: () throws -> PageReply) -> PageReply {
    do {
      return try work()
    } catch let refusal as ReviewDesk.Refusal {
      return .text(refusal.status, refusal.message)
    } catch let error as SluiceError {
      // A ledger that is in use will be free again; the rest doesn't go away by trying again.
      let text = VisibleText.line(error.message) + (error.remedy.map { " " + VisibleText.line($0) } ?? "")
      return .text(error.exitCode == .interrupted ? 503 : error.exitCode == .usage ? 400 : 500, text)
    } catch {
      return .text(500, "Sluice met an error of its own: \(VisibleText.line("\(error)"))")
    }
  }

  // MARK: - Acts

  private func piece(_ query: [String: String]) throws -> PageReply {
    guard let id = query["card"], let part = query["part"].flatMap(ReviewState.Part.init),
      let start = query["from"].flatMap(Int.init)
    else { throw Self.malformed }
    return try .json(desk.piece(of: id, part, from: start))
  }

  private func label(_ form: Form, by reviewer: String) throws -> PageReply {
    let note = try form.optionalText("note", atMost: Self.longestText)
    return try .json(desk.label(form.text("card"), form.label(), note: note, by: reviewer))
  }

  private func adjudicate(_ form: Form, by reviewer: String) throws -> PageReply {
    try .json(desk.adjudicate(form.text("card"), form.label(), by: reviewer))
  }

  private func attacks(_ form: Form, by reviewer: String) throws -> PageReply {
    let words = try form.optionalText("words", atMost: Self.longestText) ?? ""
    let found = try desk.attacks(
      words, reason: form.optionalText("reason", atMost: Self.longestText), by: reviewer)
    return try .json(
      FoundAttacks(
        attacks: found.prefix(Self.mostAttacks).map {
          .init(id: $0.id.text, category: $0.category.map { VisibleText.line($0) }, origin: $0.origin)
        }, count: found.count))
  }

  private func reveal(_ form: Form, by reviewer: String) throws -> PageReply {
    let reason = try form.text("reason", atMost: Self.longestText)
    return try .json(RevealedAttack(desk.reveal(form.text("attack"), reason: reason, by: reviewer)))
  }

  fileprivate static let malformed = ReviewDesk.Refusal(status: 400, message: "The request is not one of this page's.")

  // MARK: - Forms

  /// What the page's script sends: an object of texts.
  private struct Form {
    private let object: JSON

    init(_ body: [UInt8]) throws {
      guard body.count <= largestBody, let object = try? JSON(parsing: body), object.members != nil else {
        throw malformed
      }
      self.object = object
    }

    func text(_ key: String, atMost limit: Int = 200) throws -> String {
      guard let text = try optionalText(key, atMost: limit) else {
        throw Refused.missing(key)
      }
      return text
    }

    /// Nil for one that is empty or all blanks.
    func optionalText(_ key: String, atMost limit: Int) throws -> String? {
      guard let value = object[key], !value.isNull else { return nil }
      guard let text = value.string else { throw malformed }
      guard text.count <= limit else {
        throw ReviewDesk.Refusal(status: 400, message: "Write at most \(limit) characters; nothing was stored.")
      }
      return text.allSatisfy(\.isWhitespace) ? nil : text
    }

    func label() throws -> ReviewerLabel {
      guard let label = ReviewerLabel(rawValue: try text("label")) else { throw malformed }
      return label
    }
  }

  private enum Refused {
    static func missing(_ key: String) -> ReviewDesk.Refusal {
      key == "reason"
        ? ReviewDesk.Refusal(status: 400, message: "Say why: the reason is kept in the audit chain.") : malformed
    }
  }
}

/// What a search found, without texts and without what judges said.
struct FoundAttacks: Codable {
  struct Line: Codable {
    var id: String
    var category: String?
    var origin: String
  }

  var attacks: [Line]
  /// With those that are not shown.
  var count: Int
}

/// An attack with its texts, made fit to be shown.
struct RevealedAttack: Codable {
  struct Answer: Codable {
    var model: String
    var text: TextPiece
    var judgments: [String]
  }

  var id: String
  var prompt: TextPiece
  var findings: [String]
  var answers: [Answer]

  init(_ revealed: AttackRecords.Revealed) {
    id = revealed.id.text
    prompt = TextPiece(revealed.prompt)
    findings = revealed.findings.map { VisibleText.line($0.sentence) }
    answers = revealed.responses.map { response in
      Answer(
        model: VisibleText.line(response.model), text: TextPiece(response.answer.text),
        judgments: response.answer.judgments.map { VisibleText.line($0.sentence) })
    }
  }
}
