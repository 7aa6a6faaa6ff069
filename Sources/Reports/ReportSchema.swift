import Core
import Foundation

/// The JSON Schema of JSON reports, read off the types that are written, so that it can't fall behind them.
public enum ReportSchema {
  /// - Throws: an error of the types' own decoding, which would be a bug.
  public static func json() throws -> String {
    let report = try SchemaProbe.schema(of: JSONReport.Document.self)
    guard case .object(let members) = report else { return "" }
    let head = [
      JSON.Member("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
      JSON.Member("title", .string("Sluice report, version \(RunSummary.schemaVersion)")),
      JSON.Member(
        "$defs",
        .object([
          JSON.Member(
            "number",
            .object([
              JSON.Member(
                "description", .string("JSON has no infinities: a bound about which nothing is known is a word.")),
              JSON.Member(
                "anyOf",
                .array([
                  .object([JSON.Member("type", .string("number"))]),
                  .object([
                    JSON.Member(
                      "enum", .strings(NonFinite.words))
                  ]),
                ])),
            ]))
        ])),
    ]
    return JSON.object(head + members).serialized(indent: 2)
  }
}

/// A decoder that decodes nothing: it notes what a type asks for, and gives it something of that kind.
private struct SchemaProbe: Decoder {
  /// What a value turned out to be.
  final class Found {
    var schema = JSON.object([])
  }

  let found: Found
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  static func schema<Value: Decodable>(of type: Value.Type) throws -> JSON { try probe(type).schema }

  /// The schema of a type, and a value of it.
  static func probe<Value: Decodable>(_ type: Value.Type) throws -> (value: Value, schema: JSON) {
    // A choice among words can't be decoded from any word.
    if let choice = type as? any (CaseIterable & RawRepresentable & Decodable).Type, let words = words(choice),
      let first = choice.allValues.first as? Value
    {
      return (first, .object([JSON.Member("enum", .strings(words))]))
    }
    let found = Found()
    let value = try Value(from: SchemaProbe(found: found))
    return (value, found.schema)
  }

  private static func words(_ choice: any (CaseIterable & RawRepresentable).Type) -> [String]? {
    let words = choice.allValues.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    return words.isEmpty ? nil : words
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(Keyed<Key>(found: found))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { Unkeyed(found: found) }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(found: found) }

  /// Members of an object; those that may be missing are not required. A dictionary asks for all keys first.
  private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    final class Members {
      var all: [JSON.Member] = []
      var required: [String] = []
      var isDictionary = false
    }

    let found: Found
    let members = Members()
    let codingPath: [any CodingKey] = []

    var allKeys: [Key] {
      members.isDictionary = true
      return [Key(stringValue: "any")].compactMap(\.self)
    }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
      try note(type, key, isRequired: true)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
      try note(type, key)
    }

    // For these the protocol's own ones would ask for the key as if it had to be there.
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try note(type, key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try note(type, key) }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try note(type, key) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try note(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try note(type, key) }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try note(type, key) }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try note(type, key) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try note(type, key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try note(type, key) }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try note(type, key) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try note(type, key) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try note(type, key) }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try note(type, key) }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try note(type, key) }

    private func note<Value: Decodable>(_ type: Value.Type, _ key: Key, isRequired: Bool = false) throws -> Value {
      let (value, schema) = try SchemaProbe.probe(type)
      if members.isDictionary {
        found.schema = .object([JSON.Member("type", .string("object")), JSON.Member("additionalProperties", schema)])
        return value
      }
      members.all.append(JSON.Member(key.stringValue, schema))
      if isRequired { members.required.append(key.stringValue) }
      found.schema = .object([
        JSON.Member("type", .string("object")),
        JSON.Member("properties", .object(members.all.sorted { $0.key < $1.key })),
        JSON.Member("required", .strings(members.required.sorted())),
        JSON.Member("additionalProperties", .bool(false)),
      ])
      return value
    }

    func nestedContainer<Other: CodingKey>(
      keyedBy type: Other.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Other> { KeyedDecodingContainer(Keyed<Other>(found: found)) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { Unkeyed(found: found) }
    func superDecoder() throws -> any Decoder { SchemaProbe(found: found) }
    func superDecoder(forKey key: Key) throws -> any Decoder { SchemaProbe(found: found) }
  }

  /// A list of one.
  private struct Unkeyed: UnkeyedDecodingContainer {
    let found: Found
    let codingPath: [any CodingKey] = []
    let count: Int? = 1
    var currentIndex = 0
    var isAtEnd: Bool { currentIndex > 0 }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
      currentIndex += 1
      let (value, schema) = try SchemaProbe.probe(type)
      found.schema = .object([JSON.Member("type", .string("array")), JSON.Member("items", schema)])
      return value
    }

    mutating func nestedContainer<Key: CodingKey>(
      keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> { KeyedDecodingContainer(Keyed<Key>(found: found)) }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { Unkeyed(found: found) }
    mutating func superDecoder() throws -> any Decoder { SchemaProbe(found: found) }
  }

  /// A text, a number or a truth value.
  private struct Single: SingleValueDecodingContainer {
    let found: Found
    let codingPath: [any CodingKey] = []

    func decodeNil() -> Bool { false }

    private func note<Value>(_ value: Value, _ type: String) -> Value {
      found.schema = .object([JSON.Member("type", .string(type))])
      return value
    }

    func decode(_ type: Bool.Type) throws -> Bool { note(false, "boolean") }
    func decode(_ type: String.Type) throws -> String { note("", "string") }
    func decode(_ type: Float.Type) throws -> Float { note(0, "number") }
    func decode(_ type: Double.Type) throws -> Double {
      found.schema = .object([JSON.Member("$ref", .string("#/$defs/number"))])
      return 0
    }
    func decode(_ type: Int.Type) throws -> Int { note(0, "integer") }
    func decode(_ type: Int8.Type) throws -> Int8 { note(0, "integer") }
    func decode(_ type: Int16.Type) throws -> Int16 { note(0, "integer") }
    func decode(_ type: Int32.Type) throws -> Int32 { note(0, "integer") }
    func decode(_ type: Int64.Type) throws -> Int64 { note(0, "integer") }
    func decode(_ type: UInt.Type) throws -> UInt { note(0, "integer") }
    func decode(_ type: UInt8.Type) throws -> UInt8 { note(0, "integer") }
    func decode(_ type: UInt16.Type) throws -> UInt16 { note(0, "integer") }
    func decode(_ type: UInt32.Type) throws -> UInt32 { note(0, "integer") }
    func decode(_ type: UInt64.Type) throws -> UInt64 { note(0, "integer") }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
      let (value, schema) = try SchemaProbe.probe(type)
      found.schema = schema
      return value
    }
  }
}

extension CaseIterable {
  /// All cases, where the type is only known to have some.
  fileprivate static var allValues: [Any] { allCases.map { $0 } }
}
