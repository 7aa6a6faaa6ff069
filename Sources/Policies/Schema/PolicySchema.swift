import Foundation

/// The policy format as JSON Schema (draft 2020-12), for editors; made from the validator's own table.
public enum PolicySchema {
  /// - Throws: an encoding error, which would be a bug.
  public static func json() throws -> String {
    var root = object(PolicyTable.root)
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    root["title"] = "Sluice policy"
    let data = try JSONSerialization.data(
      withJSONObject: root, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
  }

  private static func schema(_ shape: Shape) -> [String: Any] {
    switch shape {
    case .text, .file, .folder: ["type": "string"]
    case .integer(let range): bounded("integer", range.lowerBound, range.upperBound == Int.max ? nil : range.upperBound)
    case .number(let range): bounded("number", range.lowerBound, range.upperBound)
    case .toggle: ["enum": ["on", "off", true, false] as [Any]]
    case .choice(let values): ["enum": values]
    case .duration: ["type": ["string", "number"], "pattern": "^([0-9.]+(ms|s|m|h|d))+$"]
    case .bytes: ["type": ["string", "integer"], "pattern": "^[0-9]+ ?(B|KB|MB|GB)?$"]
    case .object(let keys): object(keys)
    case .named(let value): ["type": "object", "additionalProperties": schema(value)]
    case .list(let item): ["type": "array", "minItems": 1, "items": schema(item)]
    }
  }

  private static func bounded(_ type: String, _ low: Any, _ high: Any?) -> [String: Any] {
    var result: [String: Any] = ["type": type, "minimum": low]
    if let high { result["maximum"] = high }
    return result
  }

  private static func object(_ keys: [PolicyKey]) -> [String: Any] {
    var properties: [String: Any] = [:]
    for key in keys {
      var property = schema(key.shape)
      property["description"] =
        key.help + (key.kinds.isEmpty ? "" : " Only with kind: \(key.kinds.sorted().joined(separator: ", ")).")
      if let fallback = key.fallback { property["default"] = typed(fallback, key.shape) }
      properties[key.name] = property
    }
    return [
      "type": "object", "additionalProperties": false, "properties": properties,
      "required": keys.filter { $0.required && $0.kinds.isEmpty }.map(\.name),
    ]
  }

  private static func typed(_ text: String, _ shape: Shape) -> Any {
    switch shape {
    case .integer: Int(text) ?? text
    case .number: Double(text) ?? text
    default: text
    }
  }
}
