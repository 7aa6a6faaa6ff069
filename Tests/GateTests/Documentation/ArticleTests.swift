import Core
import Foundation
import Testing
import Transforms

@testable import Decisions
@testable import Gate

@Suite("The documentation's pages")
struct ArticleTests {
  private static let folders = ["Sources/", "Tests/", ".ci/", "fixtures/", "policies/"]

  @Test("show code that is in the file that they name", arguments: Article.all)
  func code(article: Article) throws {
    for block in article.blocks where block.language == "swift" {
      guard let source = block.source else {
        // A file's head differs between the example and the module.
        #expect(block.lines.allSatisfy { $0.hasPrefix("import ") }, "\(article): \(block.lines)")
        continue
      }
      let file = try #require(Article.file(source), "\(article): \(source)")
      #expect(block.isIn(file), "\(article): \(source) has no \(block.lines.first ?? "")")
    }
  }

  @Test("have an example each, whole")
  func examples() throws {
    for (name, least) in [("AddAJudge", 5), ("AddATarget", 4), ("AddAMetric", 3), ("AddAnAttackMethod", 3)] {
      let article = try #require(Article.named(name))
      #expect(article.blocks.count { $0.source != nil } >= least, "\(name)")
    }
  }

  @Test("name files and folders that are there", arguments: Article.all)
  func paths(article: Article) {
    let made = Set(article.prose.matches(of: /Make `([^`]+)`/).map { String($0.1) })
    let commands = article.blocks.filter { $0.language == "sh" }.flatMap(\.lines).map { String($0) }
    for word in article.words + commands {
      guard let path = word.split(separator: " ").first.map(String.init), Self.folders.contains(where: path.hasPrefix),
        !made.contains(path)
      else { continue }
      #expect(
        FileManager.default.fileExists(atPath: Article.root.appending(path: path).path), "\(article) names \(path)")
    }
    for path in made { #expect(Self.folders.contains(where: path.hasPrefix), "\(article) makes \(path)") }
  }

  @Test("link to pages that are there", arguments: Article.all)
  func links(article: Article) {
    for link in article.text.matches(of: /<doc:(\w+)>/) {
      #expect(Article.named(String(link.1)) != nil, "\(article) links to \(link.1)")
    }
  }

  @Test("trace a response through functions that are there, and count them right")
  func trace() throws {
    let article = try #require(Article.named("TraceOfAResponse"))
    let hops = article.text.matches(of: /(?m)^(\d+)\. `(\w+)\.(\w+)` in `([^`]+)`/)
    #expect(hops.map { Int($0.1) } == Array(1...hops.count))
    #expect(article.text.contains("These are \(hops.count) hops."))
    for hop in hops {
      let (type, function) = (hop.2, hop.3)
      let file = try #require(Article.file(String(hop.4)), "\(hop.4)")
      #expect(file.contains(type), "\(hop.4) has no \(type)")
      #expect(file.contains(function == "init" ? "init(" : "func \(function)("), "\(type).\(function)")
    }
  }

  @Test("list every transform with what becomes of a text")
  func transforms() throws {
    let rows = try #require(Article.named("Transforms")).text.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let all = Transform.all.map { ($0.name, $0.summary) } + ModelTransform.all.map { ($0.name, $0.summary) }
    #expect(rows.map(String.init) == all.map { "| `\($0.0)` | \($0.1) |" })
  }

  @Test("list every stage, metric and exit code")
  func lists() throws {
    let article = try #require(Article.named("Pipeline"))
    let words = Set(article.words)
    for stage in Stage.allCases { #expect(words.contains(stage.rawValue), "\(stage)") }
    for metric in Metric.all { #expect(words.contains(metric.name), "\(metric.name)") }
    for code in ExitCode.allCases { #expect(article.text.contains("\n| \(code.rawValue) | "), "\(code)") }
  }
}
