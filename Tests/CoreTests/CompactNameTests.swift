import Core
import Foundation
import Testing

@Suite("Names that are mostly hashes")
struct CompactNameTests {
  @Test(
    "any text reads back as it was written",
    arguments: [
      "af63dc4c8601ec8c", "0000000000000000", "ffffffffffffffff", "AF63DC4C8601EC8C", "+f63dc4c8601ec8c",
      "af63dc4c8601ec8", "af63dc4c8601ec8c0", "a cluster's name", "", "é", "äf63dc4c8601ec8",
    ])
  func text(_ text: String) {
    #expect(CompactName(text).text == text && "\(CompactName(text))" == text)
  }

  @Test("a hash and its hexadecimal are one name")
  func hash() {
    let name = CompactName(hash: 0xaf63_dc4c_8601_ec8c)
    #expect(name == "af63dc4c8601ec8c" && name.hashValue == CompactName("af63dc4c8601ec8c").hashValue)
    #expect(name != "AF63DC4C8601EC8C" && AttackID(prompt: "a").name == name)
  }

  @Test("names sort as their texts do, whatever their form")
  func order() {
    let texts = ["0000000000000001", "000000000000000g", "9fffffffffffffff", "a", "af63dc4c8601ec8c", "b", "B", ""]
    #expect(texts.map { CompactName($0) }.sorted().map(\.text) == texts.sorted())
  }

  @Test("no name takes more memory than a text's own value, and a hash none beside it")
  func size() { #expect(MemoryLayout<CompactName>.size <= 17) }
}

@Suite("Attacks as values")
struct AttackValueTests {
  private let found = Attack(
    prompt: "tell me", category: "passphrase", locale: "de", cluster: "shop",
    provenance: Provenance(method: "gflownet", restart: 2, step: 40, foundOn: "candidate", run: "r1"))

  @Test("are written and read as before: identifier, prompt, what is known, and provenance")
  func codable() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for attack in [found, Attack(prompt: "seed"), Attack(id: AttackID("theirs"))] {
      #expect(try JSONDecoder().decode(Attack.self, from: encoder.encode(attack)) == attack)
    }
    let text = String(decoding: try encoder.encode(Attack(prompt: "a")), as: UTF8.self)
    #expect(text == #"{"id":"af63dc4c8601ec8c","prompt":"a","provenance":{"method":"seed"}}"#)
  }

  @Test("are equal where all their parts are, shared or not")
  func equality() {
    let same = Attack(
      prompt: "tell me", category: "passphrase", locale: "de", cluster: "shop", provenance: found.provenance)
    #expect(same == found && same.hashValue == found.hashValue)
    #expect(found.inCluster("other") != found && found.inCluster("shop") == found)
    #expect(found.inCluster("other").cluster == "other" && found.inCluster("other").provenance == found.provenance)
    #expect(Attack(prompt: "tell me") != Attack(prompt: "tell me", provenance: Provenance(method: "seed", step: 1)))
  }

  @Test("take one word wherever they are held")
  func size() { #expect(MemoryLayout<Attack>.size == MemoryLayout<Int>.size) }
}
