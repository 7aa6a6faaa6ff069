import Foundation

/// A date's parts in UTC, without a calendar, a locale or a clock.
struct Timestamp: Hashable, Sendable {
  let year, month, day, hour, minute, second: Int

  /// Dates outside the years 1 to 9999, which XML can't write in four digits, become the nearest that can be.
  init(_ date: Date) {
    let seconds = date.timeIntervalSince1970
    let whole = seconds.isNaN ? 0 : Int(max(-62_135_596_800, min(253_402_300_799, seconds.rounded(.down))))
    let days = (whole - (whole % 86_400 + 86_400) % 86_400) / 86_400
    let rest = whole - days * 86_400
    // Days since 1 March of the year 0, in eras of 400 years, so that the leap day ends the year.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = rest / 3600
    minute = rest % 3600 / 60
    second = rest % 60
  }

  /// `2026-03-01T12:00:00`: no zone and no fraction, as the Ant schema asks.
  var local: String {
    "\(padded(year, 4))-\(padded(month))-\(padded(day))T\(padded(hour)):\(padded(minute)):\(padded(second))"
  }

  /// `2026-03-01T12:00:00Z`.
  var iso: String { local + "Z" }

  /// `2026-03-01 12:00`.
  var short: String { "\(padded(year, 4))-\(padded(month))-\(padded(day)) \(padded(hour)):\(padded(minute))" }

  /// `1 March 2026, 12:00 UTC`.
  var spoken: String {
    let months = [
      "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
      "December",
    ]
    return say(
      en: "\(day) \(months[month - 1]) \(year), \(padded(hour)):\(padded(minute)) UTC",
      ja: "\(year)年\(month)月\(day)日 \(padded(hour)):\(padded(minute)) UTC")
  }

  private func padded(_ number: Int, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
