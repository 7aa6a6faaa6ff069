import Core
import Evidence
import Foundation

/// A signed statement: Dead Simple Signing Envelope, version 1 (github.com/secure-systems-lab/dsse).
struct Envelope {
  static let type = "application/vnd.in-toto+json"

  let payload: [UInt8]
  private let signatures: [(key: String, signature: [UInt8])]

  init(signing payload: [UInt8], with key: SigningKey) throws {
    self.payload = payload
    signatures = [(key.publicKey.id, try key.signature(of: Self.signed(payload)))]
  }

  /// What is signed, DSSE's pre-authentication encoding: lengths keep type and payload apart.
  private static func signed(_ payload: [UInt8]) -> [UInt8] {
    Array("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload
  }

  func isSigned(by key: VerifyingKey) -> Bool {
    signatures.contains { $0.key == key.id && key.accepts($0.signature, of: Self.signed(payload)) }
  }

  var json: [UInt8] {
    let signatures = signatures.map { key, signature in
      JSON.object([
        JSON.Member("keyid", .string(key)), JSON.Member("sig", .string(Data(signature).base64EncodedString())),
      ])
    }
    return JSON.object([
      JSON.Member("payload", .string(Data(payload).base64EncodedString())),
      JSON.Member("payloadType", .string(Self.type)),
      JSON.Member("signatures", .array(signatures)),
    ]).serializedBytes() + [UInt8(ascii: "\n")]
  }

  /// Reads strictly: a second key of one name, a member that doesn't belong there, or Base64 that says the same in other letters
  /// could mean one thing to this reader and another to the next.
  /// - Throws: `SluiceError` (usage).
  init(_ bytes: [UInt8], file: String) throws {
    func refused(_ why: String) -> SluiceError {
      .badInput(
        "this is no signed attestation: \(why)", file: file, remedy: "Name a file that sluice attest sign wrote.")
    }
    let json: JSON
    do {
      json = try JSON(parsing: bytes)
    } catch let error as JSONSyntaxError {
      throw error.inFile(file)
    }
    let members = try Self.members(json, ["payload", "payloadType", "signatures"]) { refused($0) }
    guard members["payloadType"]?.string == Self.type else { throw refused("its type is not \(Self.type)") }
    guard let payload = members["payload"]?.string.flatMap(Self.decoded) else {
      throw refused("its payload is no Base64")
    }
    self.payload = payload
    guard let list = members["signatures"]?.array, !list.isEmpty, list.count <= 16 else {
      throw refused("it has no signature, or too many")
    }
    signatures = try list.map { entry -> (key: String, signature: [UInt8]) in
      let members = try Self.members(entry, ["keyid", "sig"]) { refused($0) }
      guard let key = members["keyid"]?.string, let signature = members["sig"]?.string.flatMap(Self.decoded) else {
        throw refused("a signature can't be read")
      }
      return (key, signature)
    }
  }

  private static func members(
    _ json: JSON, _ names: Set<String>, _ refused: (String) -> SluiceError
  ) throws -> [String: JSON] {
    guard let members = json.members else { throw refused("\(json.kind) stands where an object has to be") }
    // The parser refuses a key that comes twice.
    guard members.count == names.count, Set(members.map(\.key)) == names else {
      throw refused("its keys are not \(names.sorted().joined(separator: ", "))")
    }
    return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
  }

  private static func decoded(_ text: String) -> [UInt8]? {
    guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else { return nil }
    return [UInt8](data)
  }
}
