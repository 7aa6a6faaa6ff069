import Core
import Foundation
import Testing

@testable import ChatTemplates

/// What `Goldens/make_goldens.py` recorded with transformers.
private struct Goldens {
  struct Case {
    let name: String
    let template: String
    let variables: [(name: String, value: JSON)]
    /// Nil where transformers fails.
    let text: String?
    /// Why it does.
    let error: String
  }

  let families: [(name: String, cases: [Case])]
  let features: [Case]

  init() throws {
    let url = Bundle.module.bundleURL.appending(path: "goldens.json")
    let json = try JSON(parsing: [UInt8](try Data(contentsOf: url)))
    func variables(_ value: JSON?) -> [(name: String, value: JSON)] {
      (value?.members ?? []).map { ($0.key, $0.value) }
    }
    func recorded(_ name: String, _ template: String, _ given: JSON?, _ result: JSON?) -> Case {
      Case(
        name: name, template: template, variables: variables(given), text: result?["text"]?.string,
        error: result?["error"]?.string ?? "")
    }
    families = (json["families"]?.array ?? []).map { family in
      let (name, template) = (family["name"]?.string ?? "", family["template"]?.string ?? "")
      let cases = (family["results"]?.members ?? []).map {
        recorded("\(name), \($0.key)", template, json["cases"]?[$0.key], $0.value)
      }
      return (name, cases)
    }
    features = (json["features"]?.array ?? []).map {
      recorded($0["template"]?.string ?? "", $0["template"]?.string ?? "", json["featureVariables"], $0["result"])
    }
  }

  /// The moment at which they were recorded.
  static let time = TemplateTime(year: 2026, month: 3, day: 5, hour: 14, minute: 7, second: 9)
}

@Suite("Chat templates render as transformers renders them")
struct GoldenTests {
  private func check(_ golden: Goldens.Case) {
    do {
      let text = try ChatTemplate(golden.template).render(golden.variables, time: Goldens.time).text
      if let expected = golden.text {
        #expect(
          text.hasSameBytes(as: expected), "\(golden.name): \(text.debugDescription) not \(expected.debugDescription)")
      } else {
        Issue.record("\(golden.name): rendered \(text.debugDescription), and transformers fails with \(golden.error)")
      }
    } catch {
      if let expected = golden.text {
        Issue.record("\(golden.name): \(error), not \(expected.debugDescription)")
      } else if golden.error.hasPrefix("TemplateError: ") {
        #expect(error.kind == .raised, "\(golden.name): \(error)")
        #expect(golden.error == "TemplateError: \(error.message)")
      }
    }
  }

  @Test("for the constructs of more than 40 model families, with and without system prompts, tools and documents")
  func families() throws {
    let goldens = try Goldens()
    #expect(goldens.families.count >= 40)
    for family in goldens.families { for golden in family.cases { check(golden) } }
  }

  @Test("for values, filters, tests, methods and white space, one by one")
  func features() throws {
    let goldens = try Goldens()
    #expect(goldens.features.count > 250)
    for golden in goldens.features { check(golden) }
  }
}
