import Core
import Foundation

/// What an answer says beyond its question: equal for answers that tell a reader the same whatever was asked.
///
/// Case, spacing and punctuation say nothing, nor does a number or an identifier (a word with a digit, or with a capital behind a small
/// letter), nor what is repeated of the question. So an error page, a canned text and an echo in a frame are each one and the same for every question.
public struct AnswerLikeness: Hashable, Sendable {
  private let digest: UInt64

  /// Characters of an answer, and of each text of a question, that are looked at.
  private static let (longestAnswer, longestQuestion) = (8_000, 20_000)
  /// Words in a row that make a repetition; all of a question that has fewer.
  private static let echo = 4

  /// - Parameter question: the prompt, or every turn of a conversation that was given.
  public init(_ answer: String, to question: [String]) {
    let words = Self.words(answer, longest: Self.longestAnswer)
    let isEcho = Self.echoes(in: words, of: question.map { Self.words($0, longest: Self.longestQuestion) })
    var hash = StableHash.fnv1a([])
    var last = ""
    for (word, isEcho) in zip(words, isEcho) {
      let shown = isEcho ? Self.repeated : word
      // How many numbers stand in a row depends on how they are written.
      if shown == last, shown == Self.repeated || shown == Self.number { continue }
      hash = StableHash.fnv1a(shown.utf8, from: StableHash.fnv1a([0], from: hash))
      last = shown
    }
    digest = hash
  }

  fileprivate static let number = "#"
  private static let repeated = "="

  // MARK: - Words

  private static func words(_ text: String, longest: Int) -> [String] {
    let start = String(String.UnicodeScalarView(text.unicodeScalars.prefix(longest)))
    var reader = WordReader()
    for scalar in ResponseText.normalised(withoutIdentifiers(unescaped(start))).unicodeScalars { reader.take(scalar) }
    reader.endWord()
    return reader.words
  }

  /// A text that stands in JSON, a page or an address as it was before: an echo often does.
  private static func unescaped(_ text: String) -> String {
    var text = text
    if text.contains("\\") {
      for (escape, meant) in [("\\n", " "), ("\\r", " "), ("\\t", " ")] { text = text.replacing(escape, with: meant) }
      if text.contains("\\u"), let json = try? JSON(foreign: Array("\"\(text.replacing("\"", with: " "))\"".utf8)) {
        text = json.string ?? text
      }
    }
    if text.contains("&") {
      for (entity, meant) in [("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">")] {
        text = text.replacing(entity, with: meant)
      }
      text = text.replacing("&amp;", with: "&")
    }
    return text.contains("%20") ? text.removingPercentEncoding ?? text : text
  }

  /// The text with a digit for each word like `xKcdQwe`, which can't be told once its capitals are gone.
  private static func withoutIdentifiers(_ text: String) -> String {
    var (result, word) = ([UInt8](), [UInt8]())
    var isIdentifier = false
    func isSmall(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    func isCapital(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    func endWord() {
      if isIdentifier { result.append(UInt8(ascii: "0")) } else { result += word }
      word.removeAll(keepingCapacity: true)
      isIdentifier = false
    }
    for byte in text.utf8 {
      if isSmall(byte) || isCapital(byte) {
        isIdentifier = isIdentifier || isCapital(byte) && word.last.map(isSmall) == true
        word.append(byte)
      } else {
        endWord()
        result.append(byte)
      }
    }
    endWord()
    return String(decoding: result, as: UTF8.self)
  }

  /// Cuts normalised text into words; one that holds a digit, or looks like an identifier, becomes `number`.
  private struct WordReader {
    private(set) var words: [String] = []
    private var word = String.UnicodeScalarView()
    private var hasDigit = false
    private var isHexadecimal = true

    mutating func take(_ scalar: Unicode.Scalar) {
      if scalar.isASCII {
        takeASCII(scalar)
      } else if scalar.properties.numericType != nil {
        hasDigit = true
        word.append(scalar)
      } else if scalar.properties.isAlphabetic {
        if Self.standsAlone(scalar) {
          endWord()
          words.append(String(scalar))
        } else {
          isHexadecimal = false
          word.append(scalar)
        }
      } else if scalar != "\u{2019}" {
        endWord()
      }
    }

    private mutating func takeASCII(_ scalar: Unicode.Scalar) {
      switch scalar {
      case "0"..."9":
        hasDigit = true
        word.append(scalar)
      case "a"..."z":
        isHexadecimal = isHexadecimal && scalar <= "f"
        word.append(scalar)
      // What joins the parts of an identifier; an apostrophe is often written as something else.
      case "-", "_": if !word.isEmpty { word.append(scalar) }
      case "'": break
      default: endWord()
      }
    }

    mutating func endWord() {
      while let last = word.last, last == "-" || last == "_" { word.removeLast() }
      if !word.isEmpty {
        words.append(hasDigit || isHexadecimal && word.count >= 8 ? AnswerLikeness.number : String(word))
      }
      (word, hasDigit, isHexadecimal) = (String.UnicodeScalarView(), false, true)
    }

    /// Whether a character is of a script that leaves no spaces between words.
    private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.value {
      case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF, 0x3400...0x9FFF, 0xAC00...0xD7AF,
        0xF900...0xFAFF, 0x20000...0x3FFFF:
        true
      default: false
      }
    }
  }

  // MARK: - Echoes

  /// Which words of an answer repeat the question.
  private static func echoes(in answer: [String], of question: [[String]]) -> [Bool] {
    var isEcho = [Bool](repeating: false, count: answer.count)
    for text in question where !text.isEmpty {
      let length = min(echo, text.count)
      guard answer.count >= length else { continue }
      var following: [UInt64: [String]] = [:]
      for start in 0...(text.count - length) {
        let end = start + length
        following[hash(text[start..<end]), default: []] += end < text.count ? [text[end]] : []
      }
      for start in 0...(answer.count - length) {
        let end = start + length
        guard let next = following[hash(answer[start..<end])] else { continue }
        for place in start..<end { isEcho[place] = true }
        // An echo may be cut within a word.
        if end < answer.count, next.contains(where: { $0.hasPrefix(answer[end]) }) { isEcho[end] = true }
      }
    }
    return isEcho
  }

  private static func hash(_ words: ArraySlice<String>) -> UInt64 {
    words.reduce(StableHash.fnv1a([])) { StableHash.fnv1a($1.utf8, from: StableHash.fnv1a([0], from: $0)) }
  }
}
