import Core
import Testing

@Suite("Limits")
struct LimitTests {
  @Test("inside passes, outside fails, straddling or unknown is inconclusive")
  func oneRule() {
    let limit = Limit(atLeast: 0.2, atMost: 0.8)
    #expect(limit.compare(lower: 0.2, upper: 0.8) == .pass)
    #expect(limit.compare(lower: 0.81, upper: 0.9) == .fail)
    #expect(limit.compare(lower: 0, upper: 0.19) == .fail)
    #expect(limit.compare(lower: 0.1, upper: 0.5) == .inconclusive)
    #expect(limit.compare(lower: -.infinity, upper: .infinity) == .inconclusive)
    #expect(limit.compare(lower: .nan, upper: 0.5) == .inconclusive)
  }
}

@Suite("Random streams")
struct SeededGeneratorTests {
  @Test("equal seeds give equal draws; streams of one seed differ")
  func streams() {
    func draws(_ generator: SeededGenerator) -> [UInt64] {
      var generator = generator
      return (0..<8).map { _ in generator.next() }
    }
    #expect(draws(SeededGenerator(seed: 3)) == draws(SeededGenerator(seed: 3)))
    #expect(draws(SeededGenerator(seed: 3)) != draws(SeededGenerator(seed: 4)))
    #expect(draws(SeededGenerator(seed: 3, stream: "a")) != draws(SeededGenerator(seed: 3, stream: "b")))
  }

  @Test("uniform draws fill [0, 1) evenly; normal draws have mean 0 and variance 1")
  func moments() {
    var generator = SeededGenerator(seed: 11)
    var bins = [Int](repeating: 0, count: 10)
    for _ in 0..<100_000 { bins[Int(generator.uniformDouble() * 10)] += 1 }
    // 9 degrees of freedom: 99.9 % quantile 27.88.
    #expect(bins.reduce(0.0) { $0 + (Double($1) - 10_000) * (Double($1) - 10_000) / 10_000 } < 27.88)
    let normal = (0..<100_000).map { _ in generator.normal() }
    #expect(abs(normal.reduce(0, +) / 100_000) < 0.015)
    #expect(abs(normal.reduce(0) { $0 + $1 * $1 } / 100_000 - 1) < 0.025)
  }
}

@Suite("Identifiers")
struct IdentifierTests {
  @Test("an attack's identifier follows from its prompt alone")
  func attackID() {
    #expect(Attack(prompt: "a", category: "x").id == Attack(prompt: "a", category: "y").id)
    #expect(AttackID(prompt: "a") != AttackID(prompt: "b"))
    // FNV-1a's published value for "a".
    #expect(AttackID(prompt: "a").text == "af63dc4c8601ec8c")
  }

  @Test("roles read back as they are written", arguments: ["candidate", "baseline", "control", "transfer.twin"])
  func roles(_ text: String) { #expect(Role(text)?.description == text) }

  @Test("a transfer role needs a name")
  func namelessTransfer() { #expect(Role("transfer.") == nil && Role("other") == nil) }
}

@Suite("Paths")
struct PathTests {
  @Test(
    "The folder of a path, names of one character included",
    arguments: [
      ("3", ""), ("", ""), ("ab", ""), ("a/b", "a"), ("/a", "/"), ("/", "/"), ("//", "/"), ("a/b/", "a"), ("a//b", "a"),
      ("a/b/c", "a/b"), ("/a/b", "/a"), ("\u{301}", ""), ("é/\u{301}b", "é"),
    ])
  func folder(path: String, folder: String) {
    #expect(path.folderOfPath == folder)
  }
}
