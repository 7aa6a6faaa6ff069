import Core
import Foundation
import Testing

@testable import Policies

@Suite("Policies that are damaged anywhere are accepted or refused, nothing else")
struct DamagedFileTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Changes bytes in one to four places: flips, losses, cuts, and what the formats are made of.
  private func damaged(_ original: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    let pieces = [
      ": ", "- ", "\n", "  ", "\t", "{", "}", "[", "]", "&a ", "*a", "!!", "|", ">", "\"", "'", "#", "\\u", "1e999",
      "\u{feff}",
    ]
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let position = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[position] = UInt8.random(in: 0...255, using: &random)
      case 2: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...20, using: &random)))
      case 3: bytes = Array(bytes[..<position])
      default: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: position)
      }
    }
    return bytes
  }

  /// Whether `body` refused with errors of use that name the file.
  private func isRefused(_ path: String, _ body: () throws -> Void) throws -> Bool {
    do {
      try body()
      return false
    } catch let error as PolicyErrors {
      #expect(!error.errors.isEmpty)
      for each in error.errors {
        #expect(each.exitCode == .usage && each.location?.file.hasSuffix(path) == true, "\(each)")
      }
      return true
    } catch let error as SluiceError {
      #expect(error.exitCode == .usage && error.location?.file.hasSuffix(path) == true, "\(error)")
      return true
    }
  }

  @Test("1,000 times for each shipped policy", arguments: ["release-gate.yaml", "openai-compatible.yaml"])
  func policies(name: String) throws {
    let original = [UInt8](try Data(contentsOf: Self.root.appending(path: "policies/\(name)")))
    var random = SeededGenerator(seed: 37, stream: name)
    var refused = 0
    for _ in 0..<1000 {
      let bytes = damaged(original, using: &random)
      if try isRefused(name, { _ = try Policy.parse(bytes, path: name, environment: [:], checksFiles: false) }) {
        refused += 1
      }
    }
    // Changes in comments and names are none.
    #expect(refused > 300)
  }

  @Test("Files may have names of one character", arguments: ["3", "s", "é", "/", "//", "."])
  func shortNames(name: String) throws {
    let text = """
      version: 1
      name: x
      targets: {candidate: {kind: openai, url: "http://localhost/v1", model: m}}
      judges: {confirm: {kind: rules, file: "\(name)"}}
      suite: {seeds: "\(name)"}
      checks: [{metric: replay.asr, at_most: 0.1}]
      """
    let policy = try Policy.parse(Array(text.utf8), path: "p", environment: [:], checksFiles: false)
    #expect(policy.suite.seeds == name)
  }
}
