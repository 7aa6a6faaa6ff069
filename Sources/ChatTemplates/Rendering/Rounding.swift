import Foundation

/// The filter `round`.
enum Rounding {
  static func rounded(_ value: Value, _ number: Double, _ precision: Int, _ method: String) throws -> Value {
    guard (-300...300).contains(precision) else { throw Fault("a precision of \(precision)") }
    switch method {
    case "common":
      // Python's `round` of an integer is an integer, and it rounds the exact binary value, halves to even.
      if let integer = value.integer {
        guard precision >= 0 else { throw Fault.unsupported("rounding an integer to tens") }
        return .integer(integer)
      }
      guard number.isFinite else { throw Fault("\(PythonText.text(number)) can't be rounded") }
      guard precision >= 0 else { throw Fault.unsupported("rounding to tens") }
      return .float(Double(String(format: "%.\(precision)f", number)) ?? number)
    case "ceil", "floor":
      let scale = pow(10, Double(precision))
      return .float((number * scale).rounded(method == "ceil" ? .up : .down) / scale)
    default: throw Fault("'round' rounds common, ceil or floor")
    }
  }
}
