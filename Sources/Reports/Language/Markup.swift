/// A piece of HTML. Only literals of this program and escaped text get in: a string that is put between the braces of a
/// literal is escaped, and there is no other way to make one from a string.
struct Markup: ExpressibleByStringInterpolation, Sendable {
  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var html = ""

    init(literalCapacity: Int, interpolationCount: Int) { html.reserveCapacity(literalCapacity) }

    mutating func appendLiteral(_ literal: StaticString) { html += Markup.text(of: literal) }
    mutating func appendInterpolation(_ text: String) { html += Markup.escape(text) }
    mutating func appendInterpolation(_ markup: Markup) { html += markup.html }
    mutating func appendInterpolation(_ pieces: [Markup]) { for piece in pieces { html += piece.html } }
    mutating func appendInterpolation(_ number: Int) { html += String(number) }
    /// A coordinate, with two decimals.
    mutating func appendInterpolation(_ number: Double) { html += Markup.coordinate(number) }
  }

  private(set) var html: String

  init(stringLiteral literal: StaticString) { html = Markup.text(of: literal) }
  init(stringInterpolation: StringInterpolation) { html = stringInterpolation.html }

  static func += (a: inout Markup, b: Markup) { a.html += b.html }

  /// The one escaping function: for text and for attribute values in double or single quotes.
  static func escape(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in PlainText.line(text).unicodeScalars {
      switch scalar {
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
      case "'": result.append(contentsOf: "&#39;".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private static func text(of literal: StaticString) -> String {
    literal.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
  }

  private static func coordinate(_ number: Double) -> String {
    guard number.isFinite else { return "0" }
    let hundredths = Int((max(-1e6, min(1e6, number)) * 100).rounded())
    let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
    return (hundredths < 0 ? "-" : "") + "\(whole)" + (rest == 0 ? "" : rest < 10 ? ".0\(rest)" : ".\(rest)")
  }
}

/// The first of many, and how many more there are: a page is for reading, the JSON report for everything.
struct Shown<Element> {
  let elements: [Element]
  let hidden: Int

  init(_ all: [Element], most: Int) {
    elements = Array(all.prefix(most))
    hidden = max(0, all.count - most)
  }

  /// A remark below the list, empty where all are shown.
  var remark: Markup {
    hidden == 0 ? "" : #"<p class="quiet">\#(Words.moreInJSON(hidden))</p>"#
  }
}
