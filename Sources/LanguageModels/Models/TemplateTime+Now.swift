import ChatTemplates
import Foundation

extension TemplateTime {
  /// The clock's time in the local time zone.
  public static var now: TemplateTime { TemplateTime(Date(), in: .current) }

  /// A moment as a clock and a calendar (Gregorian) in a time zone show it.
  public init(_ date: Date, in zone: TimeZone) {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = zone
    let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
    self.init(
      year: parts.year ?? 1970, month: parts.month ?? 1, day: parts.day ?? 1, hour: parts.hour ?? 0,
      minute: parts.minute ?? 0, second: parts.second ?? 0)
  }
}
