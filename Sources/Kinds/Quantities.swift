/// Reads values with units, as people write them.
public enum Quantities {
  /// True for `on`, `true` and `yes`, false for `off`, `false` and `no`, in any case; nil for anything else.
  public static func toggle(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "on", "true", "yes": true
    case "off", "false", "no": false
    default: nil
    }
  }

  /// `90s`, `10m`, `1h30m`, `250ms`, `2d`: above 0, each unit at most once, largest first.
  public static func seconds(_ text: String) -> Double? {
    let units: [(name: String, seconds: Double)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001)]
    var rest = Substring(text)
    var next = 0
    var total = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
      rest = rest.dropFirst(digits.count)
      let name = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(name.count)
      guard let value = Double(digits), let unit = units[next...].firstIndex(where: { $0.name == name }) else {
        return nil
      }
      total += value * units[unit].seconds
      next = unit + 1
    }
    return total > 0 && total <= longest ? total : nil
  }

  /// `8MB`, `512 KiB` or a plain number of bytes, above 0.
  public static func bytes(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let value = Int(digits), value > 0 else { return nil }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    let factors = [
      "": 1, "B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    ]
    guard let factor = factors[String(unit)] else { return nil }
    let (product, overflow) = value.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }

  /// A thousand years: what is longer is a mistake, and clocks overflow on it.
  private static let longest = 3.2e10

  /// Without a needless fraction: `1`, `0.03`.
  public static func written(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }
}
