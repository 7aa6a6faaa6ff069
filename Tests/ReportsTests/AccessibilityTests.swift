import Core
import Foundation
import Reports
import Testing

@Suite("Whether everybody can read the page")
struct AccessibilityTests {
  private func page(_ run: RunSummary) -> String {
    String(decoding: HTMLReport.render(run, date: CannedRuns.date, version: CannedRuns.version), as: UTF8.self)
  }

  /// The light and the dark colours by name.
  private func palettes() throws -> [[String: String]] {
    let page = page(try #require(CannedRuns.all.first?.1))
    let sets = page.matches(of: /:root \{([^}]*)\}/).map { String($0.output.1) }
    return sets.map { set in
      Dictionary(
        set.matches(of: /--([a-z-]+): (#[0-9a-f]+)/).map { (String($0.output.1), String($0.output.2)) }
      ) { first, _ in first }
    }
  }

  /// Relative luminance (WCAG 2.2).
  private func luminance(_ colour: String) throws -> Double {
    var digits = String(colour.dropFirst())
    if digits.count == 3 { digits = digits.map { "\($0)\($0)" }.joined() }
    let value = try #require(Int(digits, radix: 16))
    let channels = [value >> 16, value >> 8 & 255, value & 255].map { channel -> Double in
      let share = Double(channel) / 255
      return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
  }

  private func contrast(_ a: String, _ b: String) throws -> Double {
    let (x, y) = (try luminance(a), try luminance(b))
    return (max(x, y) + 0.05) / (min(x, y) + 0.05)
  }

  @Test("The formula gives 21 for black on white, and 1 for equals")
  func formula() throws {
    #expect(abs(try contrast("#000", "#ffffff") - 21) < 1e-9)
    #expect(try contrast("#5a6070", "#5a6070") == 1)
  }

  @Test("Text stands out 4.5 to 1 from its ground and marks 3 to 1, in light and in dark")
  func contrasts() throws {
    let palettes = try palettes()
    #expect(palettes.count == 2)
    let texts = [
      ("ink", ["paper", "ground", "pass-soft", "fail-soft", "open-soft"]),
      ("quiet", ["paper", "pass-soft", "fail-soft", "open-soft"]),
      ("pass", ["paper", "pass-soft"]), ("fail", ["paper", "fail-soft"]), ("open", ["paper", "open-soft"]),
    ]
    for palette in palettes {
      func colour(_ name: String) throws -> String { try #require(palette[name], "\(name)") }
      for (text, grounds) in texts {
        for ground in grounds {
          #expect(try contrast(colour(text), colour(ground)) >= 4.5, "\(text) on \(ground)")
        }
      }
      for mark in ["candidate", "baseline", "control", "other", "pass", "fail", "open"] {
        #expect(try contrast(colour(mark), colour("paper")) >= 3, "\(mark)")
      }
      for mark in ["ink", "pass", "fail", "open"] {
        #expect(try contrast(colour(mark), colour("zone")) >= 3, "\(mark) in the allowed zone")
      }
    }
  }

  @Test("A language, one main landmark, one first heading, and no level of heading left out")
  func landmarks() throws {
    for (name, run) in CannedRuns.all {
      let page = page(run)
      #expect(page.contains("<html lang=\"en\">") && page.ranges(of: "<main>").count == 1, "\(name)")
      #expect(page.ranges(of: "<h1>").count == 1 && page.contains("<title>"), "\(name)")
      let levels = page.matches(of: /<h([1-6])[ >]/).compactMap { Int($0.output.1) }
      #expect(levels.first == 1, "\(name)")
      for (upper, lower) in zip(levels, levels.dropFirst()) { #expect(lower <= upper + 1, "\(name): \(levels)") }
    }
  }

  @Test("Every table's headings have a scope, and every drawing a role with a title or is hidden from readers")
  func tablesAndDrawings() throws {
    for (name, run) in CannedRuns.all {
      let page = page(run)
      for heading in page.matches(of: /<th([^>]*)>/) where !heading.output.0.hasPrefix("<thead") {
        #expect(heading.output.1.contains("scope="), "\(name): \(heading.output.0)")
      }
      // Those inside of a drawing have a place and no role of their own.
      for drawing in page.matches(of: /<svg([^>]*)>/) where !drawing.output.1.contains(" x=") {
        let attributes = drawing.output.1
        let isNamed = attributes.contains("role=\"img\"") && attributes.contains("aria-labelledby")
        #expect(isNamed || attributes.contains("aria-hidden=\"true\""), "\(name): \(attributes)")
      }
    }
  }
}
