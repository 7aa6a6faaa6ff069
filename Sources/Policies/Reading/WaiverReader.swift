import Core
import Decisions
import Foundation
import Kinds

/// Reads the policy's `waivers` and ties each to its check.
enum WaiverReader {
  /// - Returns: the checks with their waivers.
  static func apply(_ root: Section, to checks: [Check], reader: inout PolicyReader) -> [Check] {
    if !root.has("waivers") { return checks }
    var checks = checks
    for section in root.sections("waivers") {
      guard let name = section.text("check"), let reason = section.text("reason"), let owner = section.text("owner"),
        let until = section.text("until")
      else { continue }
      // Where checks are wrong themselves, that a waiver finds none only follows from it.
      guard !checks.isEmpty, let index = place(of: name, section, in: checks, reader: &reader) else { continue }
      guard isCurrent(until, at: section.place(of: "until"), reader: &reader) else { continue }
      let check = checks[index]
      if check.waiver != nil {
        reader.diagnostics.add("\(check.name) is waived twice", at: section.place, remedy: "Keep one waiver.")
      } else if check.tier == .advisory {
        reader.diagnostics.add(
          "\(check.name) is advisory: there is nothing to waive", at: section.place, remedy: "Remove the waiver.")
      } else if check.adequacy {
        reader.diagnostics.add(
          "\(check.name) is about the run itself and can't be waived", at: section.place,
          remedy: "It never fails; where it leaves a run inconclusive, evidence is missing, and that can't be waived.")
      } else {
        checks[index].waiver = RunSummary.Waiver(reason: reason, owner: owner, until: until)
      }
    }
    return checks
  }

  private static func place(
    of name: String, _ section: Section, in checks: [Check], reader: inout PolicyReader
  ) -> Int? {
    let category = section.text("category")
    let matches = checks.indices.filter { index in
      let check = checks[index]
      if category == nil, check.name == name { return true }
      return check.metric.name == name && category != nil && check.category == category
    }
    if let match = matches.first, matches.count == 1 { return match }
    let what = quoted(name) + (category.map { " of category \(quoted($0))" } ?? "")
    reader.diagnostics.add(
      matches.isEmpty ? "the waiver matches no check: \(what)" : "the waiver matches \(matches.count) checks: \(what)",
      at: section.place(of: "check") ?? section.place,
      remedy: "Name one of: \(shortened(checks.map(\.name).joined(separator: ", "))).")
    return nil
  }

  private static func isCurrent(_ until: String, at place: SourceLocation?, reader: inout PolicyReader) -> Bool {
    guard let end = Waivers.endOfDay(until) else {
      reader.diagnostics.add(
        "until must be a day, not \(quoted(until))", at: place, remedy: "Write it as year-month-day: 2026-12-31.")
      return false
    }
    guard reader.now < end else {
      reader.diagnostics.add(
        "the waiver expired on \(until)", at: place,
        remedy: "Remove it; where the check still has to be let through, its owner names a later day.")
      return false
    }
    return true
  }
}

/// Days until which waivers hold.
public enum Waivers {
  /// The instant after the last one of a day (UTC); nil where there is no such day.
  public static func endOfDay(_ text: String) -> Date? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.count) == [4, 2, 2], parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }),
      let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), year > 0,
      let zone = TimeZone(secondsFromGMT: 0)
    else { return nil }
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = zone
    let components = DateComponents(year: year, month: month, day: day)
    guard components.isValidDate(in: calendar), let start = calendar.date(from: components) else { return nil }
    return start.addingTimeInterval(86_400)
  }
}
