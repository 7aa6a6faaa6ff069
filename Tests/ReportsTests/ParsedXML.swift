import CLibxml2
import Core
import Foundation
import Synchronization

/// What libxml2 itself makes of bytes: an oracle that shares nothing with the writers.
struct ParsedXML {
  struct Element {
    let name: String
    let attributes: [String: String]
    let children: [Element]
    /// The character data directly inside.
    let text: String

    func elements(_ wanted: String) -> [Element] {
      (name == wanted ? [self] : []) + children.flatMap { $0.elements(wanted) }
    }

    func count(_ wanted: String) -> Int { elements(wanted).count }

    /// Names of elements and attributes in document order, without any text.
    var skeleton: [String] {
      ["<\(name) \(attributes.keys.sorted().joined(separator: " "))>"] + children.flatMap(\.skeleton) + ["</\(name)>"]
    }
  }

  let root: Element

  /// - Throws: `InternalError` where the bytes are no well-formed XML.
  init(_ bytes: [UInt8]) throws {
    let document = bytes.withUnsafeBytes {
      xmlReadMemory(
        $0.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), "report.xml", nil,
        Int32(XML_PARSE_HUGE.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue))
    }
    guard let document else { throw InternalError("not well-formed") }
    defer { xmlFreeDoc(document) }
    root = try Self.root(document)
  }

  /// As a browser would, forgiving everything.
  init(html bytes: [UInt8]) throws {
    let document = bytes.withUnsafeBytes {
      htmlReadMemory(
        $0.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), nil, "UTF-8",
        Int32(HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue))
    }
    guard let document else { throw InternalError("no HTML") }
    defer { xmlFreeDoc(document) }
    root = try Self.root(document)
  }

  func elements(_ name: String) -> [Element] { root.elements(name) }
  func count(_ name: String) -> Int { root.count(name) }

  private static func root(_ document: xmlDocPtr) throws -> Element {
    guard let node = xmlDocGetRootElement(document) else { throw InternalError("no root element") }
    return element(node)
  }

  private static func element(_ node: xmlNodePtr) -> Element {
    var attributes: [String: String] = [:]
    var attribute = node.pointee.properties
    while let current = attribute {
      var (value, piece) = ("", current.pointee.children)
      while let text = piece {
        value += string(text.pointee.content)
        piece = text.pointee.next
      }
      attributes[string(current.pointee.name)] = value
      attribute = current.pointee.next
    }
    var (children, text) = ([Element](), "")
    var child = node.pointee.children
    while let current = child {
      switch current.pointee.type {
      case XML_ELEMENT_NODE: children.append(element(current))
      case XML_TEXT_NODE, XML_CDATA_SECTION_NODE: text += string(current.pointee.content)
      default: break
      }
      child = current.pointee.next
    }
    return Element(name: string(node.pointee.name), attributes: attributes, children: children, text: text)
  }

  private static func string(_ text: UnsafePointer<xmlChar>?) -> String { text.map { String(cString: $0) } ?? "" }
}

/// One of the schemas that consumers of JUnit files hold them to.
final class XMLSchema {
  static let names = ["junit-10.xsd", "windyroad-junit.xsd"]

  private let schema: xmlSchemaPtr

  init(_ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../fixtures/schemas").standardized
    let parser = xmlSchemaNewParserCtxt(folder.appendingPathComponent(name).path)
    defer { xmlSchemaFreeParserCtxt(parser) }
    guard let schema = xmlSchemaParse(parser) else { throw InternalError("schema \(name) can't be read") }
    self.schema = schema
  }

  deinit { xmlSchemaFree(schema) }

  /// Empty where `bytes` are valid.
  func complaints(about bytes: [UInt8]) throws -> [String] {
    let document = bytes.withUnsafeBytes {
      xmlReadMemory(
        $0.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), "report.xml", nil,
        Int32(XML_PARSE_HUGE.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue))
    }
    guard let document else { return ["not well-formed"] }
    defer { xmlFreeDoc(document) }
    let context = xmlSchemaNewValidCtxt(schema)
    defer { xmlSchemaFreeValidCtxt(context) }
    let collected = Complaints()
    xmlSchemaSetValidStructuredErrors(
      context,
      { pointer, error in
        guard let pointer, let message = error?.pointee.message else { return }
        Unmanaged<Complaints>.fromOpaque(pointer).takeUnretainedValue().add(String(cString: message))
      }, Unmanaged.passUnretained(collected).toOpaque())
    let result = xmlSchemaValidateDoc(context, document)
    return collected.all + (result == 0 || !collected.all.isEmpty ? [] : ["invalid (\(result))"])
  }

  private final class Complaints: Sendable {
    private let messages = Mutex<[String]>([])
    var all: [String] { messages.withLock { $0 } }
    func add(_ message: String) { messages.withLock { $0.append(message) } }
  }
}
