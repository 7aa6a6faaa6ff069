/// "90s", "10m", "1h30m", "250ms", "2d" or a plain number of seconds.
func seconds(_ text: String) -> Double? {
  if let plain = Double(text) { return plain.isFinite && plain > 0 ? plain : nil }
  var rest = Substring(text)
  var total = 0.0
  while !rest.isEmpty {
    let digits = rest.prefix { $0.isNumber || $0 == "." }
    guard let value = Double(digits) else { return nil }
    rest = rest.dropFirst(digits.count)
    let unit = rest.prefix { $0.isLetter }
    rest = rest.dropFirst(unit.count)
    switch unit {
    case "ms": total += value / 1000
    case "s": total += value
    case "m": total += value * 60
    case "h": total += value * 3600
    case "d": total += value * 86_400
    default: return nil
    }
  }
  return total > 0 && total.isFinite ? total : nil
}

/// "8MB", "512 KB", or a plain number of bytes.
func bytes(_ text: String) -> Int? {
  let digits = text.prefix { $0.isNumber }
  guard let value = Int(digits), value > 0 else { return nil }
  let unit = text.dropFirst(digits.count).drop { $0 == " " }.uppercased()
  let factors = ["": 1, "B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000]
  guard let factor = factors[unit] else { return nil }
  let (product, overflow) = value.multipliedReportingOverflow(by: factor)
  return overflow ? nil : product
}
