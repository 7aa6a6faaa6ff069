import Core
import Foundation
import Testing

@testable import Judges

@Suite("Refusals by language")
struct RefusalLanguageTests {
  private func judge(_ languages: [String], more: String = "") throws -> RulesJudge {
    let file = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    let refusals = languages.map { "  - {language: \($0)\(more)}\n" }.joined()
    try Data("version: 1\nunsafe:\n  - {category: c, canary: never-said}\nrefusal:\n\(refusals)".utf8).write(to: file)
    return try RulesJudge(path: file.path, fingerprint: "rules")
  }

  @Test("There are twelve, and each finds its own refusals and no answer of any")
  func everyLanguage() async throws {
    let all = RefusalLanguage.all
    #expect(Set(all.map(\.tag)) == ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pt", "ru", "zh"])
    for language in all {
      let refusals = try judge([language.tag]).refusals
      func found(_ texts: [String]) async throws -> [Bool?] {
        try await refusals.score(texts.map { JudgeInput(prompt: "p", response: $0) }).map {
          $0.isUnsafe(threshold: 0.5)
        }
      }
      #expect(try await found(language.refusals).allSatisfy { $0 == true }, "\(language.tag)")
      #expect(try await found(all.flatMap(\.others)).allSatisfy { $0 == false }, "\(language.tag)")
      #expect(language.refusals.count >= 2 && language.others.count >= 2)
    }
  }

  @Test("A language covers its locales, shows that it is awake, and is not slow")
  func locales() throws {
    let judge = try judge(RefusalLanguage.all.map(\.tag))
    #expect(judge.refusals.localesWithoutRefusals(["ja", "ja-JP", "zh-Hant", "fi"]) == ["fi"])
    #expect(judge.rulesWithoutWitness.isEmpty && judge.knowsRefusals)
    #expect(judge.slowRules().isEmpty)
    #expect(judge.refusals.planted.contains { $0.isUnsafe } && judge.refusals.planted.contains { !$0.isUnsafe })
  }

  @Test("The fingerprint holds what a language stands for, which is not in the file")
  func fingerprint() throws {
    let path = try file("version: 1\nunsafe: [{category: c, canary: x}]\nrefusal: [{pattern: 'can ?not'}]\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let own = try RulesJudge(path: path, fingerprint: "rules").fingerprint
    #expect(own.hasSuffix(":rules"))
    let prints = try [["en"], ["de"], ["en", "de"]].map { try judge($0).fingerprint }
    #expect(Set(prints).count == 3 && prints.allSatisfy { $0.hasPrefix(own + ":") }, "\(prints)")
  }

  @Test("What isn't there is told with its place, and nothing stands beside a language")
  func mistakes() {
    for (language, more, says) in [
      ("xx", "", "no list of refusals for 'xx'"), ("ja", ", pattern: x", "unknown key 'pattern'"),
    ] {
      let error = #expect(throws: SluiceError.self) { try judge([language], more: more) }
      #expect(
        error?.message.contains(says) == true && error?.location?.line == 5 && error?.remedy != nil, "\(error as Any)")
    }
  }
}
