/// What `strftime_now` takes for now, in the local time zone.
public struct TemplateTime: Hashable, Sendable {
  /// The year of the Gregorian calendar.
  public let year: Int
  /// From 1.
  public let month: Int
  /// The day of the month, from 1.
  public let day: Int
  /// The hour, 0 to 23.
  public let hour: Int
  /// The minute, 0 to 59.
  public let minute: Int
  /// The second, 0 to 59.
  public let second: Int

  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  private func daysBefore(_ month: Int) -> Int {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1] + (leap && month > 2 ? 1 : 0)
  }

  private var dayOfYear: Int { daysBefore(month) + day }

  /// From Sunday, 0.
  private var weekday: Int {
    let before = year - 1
    return (365 * before + before / 4 - before / 100 + before / 400 + dayOfYear) % 7
  }

  /// `strftime` in the C locale.
  /// - Throws: `Fault` for a conversion that isn't known, and too long a text.
  func text(_ format: String, _ work: Work = Work()) throws -> String {
    var result = GrowingText(work)
    var rest = format.unicodeScalars[...]
    while let percent = rest.firstIndex(of: "%") {
      try result.append(String(rest[..<percent]))
      rest = rest[rest.index(after: percent)...]
      var isPadded = true
      if rest.first == "-" {
        isPadded = false
        rest.removeFirst()
      }
      guard let kind = rest.popFirst() else { throw Fault.unsupported("a '%' at the end of a time format") }
      try result.append(text(of: kind, isPadded: isPadded, work))
    }
    try result.append(String(rest))
    return result.text
  }

  private func text(of kind: Unicode.Scalar, isPadded: Bool, _ work: Work) throws -> String {
    func number(_ value: Int, _ width: Int, _ pad: Character = "0") -> String {
      let digits = String(value)
      return isPadded ? String(repeating: pad, count: max(0, width - digits.count)) + digits : digits
    }
    let month = Self.months[self.month - 1]
    let weekday = Self.weekdays[self.weekday]
    switch kind {
    case "a": return String(weekday.prefix(3))
    case "A": return weekday
    case "b", "h": return String(month.prefix(3))
    case "B": return month
    case "c": return try text("%a %b %e %H:%M:%S %Y", work)
    case "d": return number(day, 2)
    case "D", "x": return try text("%m/%d/%y", work)
    case "e": return number(day, 2, " ")
    case "F": return try text("%Y-%m-%d", work)
    case "H": return number(hour, 2)
    case "I": return number((hour + 11) % 12 + 1, 2)
    case "j": return number(dayOfYear, 3)
    case "m": return number(self.month, 2)
    case "M": return number(minute, 2)
    case "n": return "\n"
    case "p": return hour < 12 ? "AM" : "PM"
    case "R": return try text("%H:%M", work)
    case "S": return number(second, 2)
    case "t": return "\t"
    case "T", "X": return try text("%H:%M:%S", work)
    case "u": return String(self.weekday == 0 ? 7 : self.weekday)
    case "w": return String(self.weekday)
    case "y": return number(year % 100, 2)
    case "Y": return number(year, 1)
    case "Z", "z": return ""
    case "%": return "%"
    default: throw Fault.unsupported("'%\(VisibleName(String(kind)))' in a time format")
    }
  }
}
