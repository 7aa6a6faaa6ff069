import CLibxml2
import Core

/// Writes XML through libxml2's writer. Characters that XML 1.0 forbids become U+FFFD; everything else is escaped by
/// the library.
struct XMLDocument: ~Copyable {
  private let buffer: xmlBufferPtr
  private let writer: xmlTextWriterPtr
  private var failed = false

  /// libxml2 fills its tables at first use, which two threads must not do at once; a static runs once.
  private static let library: Void = xmlInitParser()

  /// - Throws: `InternalError` when libxml2 has no memory.
  init() throws {
    _ = Self.library
    guard let buffer = xmlBufferCreate() else { throw InternalError("libxml2: no buffer") }
    guard let writer = xmlNewTextWriterMemory(buffer, 0) else {
      xmlBufferFree(buffer)
      throw InternalError("libxml2: no writer")
    }
    self.buffer = buffer
    self.writer = writer
    xmlTextWriterSetIndent(writer, 1)
    xmlTextWriterSetIndentString(writer, "  ")
    check(xmlTextWriterStartDocument(writer, "1.0", "UTF-8", nil))
  }

  deinit {
    xmlFreeTextWriter(writer)
    xmlBufferFree(buffer)
  }

  /// An element with attributes in order, and what `content` writes inside.
  mutating func element(
    _ name: String, _ attributes: [(String, String)] = [], content: (inout XMLDocument) -> Void = { _ in }
  ) {
    check(xmlTextWriterStartElement(writer, name))
    for (key, value) in attributes { check(xmlTextWriterWriteAttribute(writer, key, Self.allowed(value))) }
    content(&self)
    check(xmlTextWriterEndElement(writer))
  }

  mutating func text(_ text: String) { check(xmlTextWriterWriteString(writer, Self.allowed(text))) }

  /// - Throws: `InternalError` when anything could not be written.
  consuming func finish() throws -> [UInt8] {
    check(xmlTextWriterEndDocument(writer))
    check(xmlTextWriterFlush(writer))
    guard !failed, let content = xmlBufferContent(buffer) else { throw InternalError("libxml2 could not write") }
    return Array(UnsafeBufferPointer(start: content, count: Int(xmlBufferLength(buffer))))
  }

  private mutating func check(_ result: Int32) { if result < 0 { failed = true } }

  /// XML 1.0's Char production.
  static func allowed(_ text: String) -> String {
    func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.value {
      case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
      default: false
      }
    }
    if text.unicodeScalars.allSatisfy(isAllowed) { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(isAllowed(scalar) ? scalar : "\u{FFFD}") }
    return String(result)
  }
}
