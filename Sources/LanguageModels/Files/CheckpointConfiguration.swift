import Core
import Foundation

/// The `config.json` of a checkpoint: typed access that names the key and the file in every error. A key that is null
/// counts as absent, as transformers writes it.
struct CheckpointConfiguration: Sendable {
  /// The file, for messages.
  let path: String
  private let document: JSON
  /// Where `document` is inside the file: `text_config.`, or nothing.
  private let prefix: String

  /// Reads `config.json` of a checkpoint folder.
  /// - Throws: `SluiceError` (exit 64).
  init(folder: String) throws {
    if let problem = PathText.problem(folder) { throw problem.explained("the checkpoint") }
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder)
    if exists, !isFolder.boolValue {
      try ForeignFile.check(files: [folder])
      throw SluiceError.badInput(
        "a file, not a checkpoint's folder", file: folder,
        remedy: "Name the folder with config.json in it, or a file that ends in .gguf.")
    }
    guard exists else {
      throw SluiceError.badInput(
        "no such checkpoint folder", file: folder,
        remedy: "Name a folder with config.json, model.safetensors and the tokenizer's files.")
    }
    try ForeignFile.check(folder: folder)
    try self.init(path: folder + "/config.json")
  }

  /// Reads a JSON object from a file of at most 64 MB.
  /// - Throws: `SluiceError` (exit 64).
  init(path: String) throws {
    let bytes = try BoundedFile.read(path, what: "the file", limit: 64_000_000, hint: "It is no configuration.")
    do {
      document = try JSON(parsing: bytes)
    } catch let error as JSONSyntaxError {
      throw error.inFile(path)
    }
    guard document.members != nil else {
      throw SluiceError.badInput("expected a JSON object, found \(document.kind)", file: path)
    }
    self.path = path
    prefix = ""
  }

  private init(path: String, document: JSON, prefix: String) {
    self.path = path
    self.document = document
    self.prefix = prefix
  }

  /// The names of its members.
  var keys: [String] { document.members?.map(\.key) ?? [] }

  /// Whether it has no members.
  var isEmpty: Bool { document.members?.isEmpty ?? true }

  func has(_ key: String) -> Bool { value(key) != nil }

  /// An integer inside `range`.
  /// - Throws: `SluiceError` (exit 64) where it is absent, of another type or outside.
  func int(_ key: String, in range: ClosedRange<Int> = Int.min...Int.max) throws -> Int {
    try required(key, optionalInt(key, in: range))
  }

  /// An integer inside `range`, `fallback` where it is absent.
  func int(_ key: String, default fallback: Int, in range: ClosedRange<Int> = Int.min...Int.max) throws -> Int {
    try optionalInt(key, in: range) ?? fallback
  }

  /// An integer inside `range`, nil where it is absent.
  func optionalInt(_ key: String, in range: ClosedRange<Int> = Int.min...Int.max) throws -> Int? {
    guard let value = value(key) else { return nil }
    guard let integer = value.integer else { throw wrongType(key, "an integer", value) }
    guard range.contains(integer) else {
      throw error("\(prefix)\(key) is \(integer); it must be from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  /// One integer inside `range` or a list of them (`eos_token_id`), empty where it is absent.
  func integers(_ key: String, in range: ClosedRange<Int> = Int.min...Int.max) throws -> [Int] {
    guard let value = value(key) else { return [] }
    guard let elements = value.array else { return [try int(key, in: range)] }
    return try elements.map { element in
      guard let integer = element.integer else { throw wrongType(key, "an integer or a list of integers", element) }
      guard range.contains(integer) else {
        throw error("\(prefix)\(key) holds \(integer); it must be from \(range.lowerBound) to \(range.upperBound)")
      }
      return integer
    }
  }

  /// A member of any kind as it stands, null included; nil where it is absent.
  func json(_ key: String) -> JSON? { document[key] }

  /// A number inside `range`.
  func double(
    _ key: String, in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  ) throws -> Double {
    try required(key, optionalDouble(key, in: range))
  }

  /// A number inside `range`, `fallback` where it is absent.
  func double(
    _ key: String, default fallback: Double,
    in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  ) throws -> Double {
    try optionalDouble(key, in: range) ?? fallback
  }

  /// A number inside `range`, nil where it is absent.
  func optionalDouble(
    _ key: String, in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  ) throws -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.double else { throw wrongType(key, "a number", value) }
    guard range.contains(number) else {
      throw error("\(prefix)\(key) is \(number); it must be from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A list of numbers inside `range`, empty where it is absent.
  func doubles(_ key: String, in range: ClosedRange<Double>) throws -> [Double] {
    guard let value = value(key) else { return [] }
    guard let elements = value.array else { throw wrongType(key, "a list of numbers", value) }
    return try elements.map { element in
      guard let number = element.double else { throw wrongType(key, "a list of numbers", element) }
      guard range.contains(number) else {
        throw error("\(prefix)\(key) holds \(number); it must be from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
  }

  func string(_ key: String) throws -> String { try required(key, optionalString(key)) }

  func string(_ key: String, default fallback: String) throws -> String { try optionalString(key) ?? fallback }

  func optionalString(_ key: String) throws -> String? {
    guard let value = value(key) else { return nil }
    guard let string = value.string else { throw wrongType(key, "a string", value) }
    return string
  }

  func bool(_ key: String, default fallback: Bool) throws -> Bool { try optionalBool(key) ?? fallback }

  func optionalBool(_ key: String) throws -> Bool? {
    guard let value = value(key) else { return nil }
    guard let bool = value.bool else { throw wrongType(key, "true or false", value) }
    return bool
  }

  /// A list of strings such as `architectures`, empty where it is absent.
  func stringList(_ key: String) throws -> [String] {
    guard let value = value(key) else { return [] }
    guard let elements = value.array else { throw wrongType(key, "a list of strings", value) }
    return try elements.map { element in
      guard let string = element.string else { throw wrongType(key, "a list of strings", element) }
      return string
    }
  }

  /// An object whose values are strings, such as `weight_map`, in the file's order.
  func strings(_ key: String) throws -> [(key: String, value: String)] {
    guard let value = value(key) else { throw error("the key \(prefix)\(key) is missing") }
    guard let members = value.members else { throw wrongType(key, "an object", value) }
    return try members.map { member in
      guard let string = member.value.string else { throw wrongType("\(key).\(member.key)", "a string", member.value) }
      return (member.key, string)
    }
  }

  /// The names of classes from a map like `id2label` (`{"0": "safe", "1": "unsafe"}`): its keys must be 0, 1, 2 and so
  /// on. Nil where it is absent.
  func labels(_ key: String = "id2label") throws -> [String]? {
    guard has(key) else { return nil }
    let entries = try strings(key)
    var names = [String?](repeating: nil, count: entries.count)
    for entry in entries {
      guard let index = Int(entry.key), names.indices.contains(index), names[index] == nil else {
        throw error("the keys of \(prefix)\(key) must be 0 to \(entries.count - 1), each once")
      }
      names[index] = entry.value
    }
    return names.compactMap { $0 }
  }

  /// An object inside this one, such as `text_config`; nil where it is absent.
  func object(_ key: String) throws -> CheckpointConfiguration? {
    guard let value = value(key) else { return nil }
    guard value.members != nil else { throw wrongType(key, "an object", value) }
    return CheckpointConfiguration(path: path, document: value, prefix: "\(prefix)\(key).")
  }

  /// An error of this file (exit 64): for what a caller finds wrong with the values together.
  func error(_ message: String, remedy: String? = nil) -> SluiceError {
    SluiceError.badInput(message, file: path, remedy: remedy)
  }

  private func value(_ key: String) -> JSON? { document[key].flatMap { $0.isNull ? nil : $0 } }

  private func required<Value>(_ key: String, _ value: Value?) throws -> Value {
    guard let value else { throw error("the key \(prefix)\(key) is missing") }
    return value
  }

  private func wrongType(_ key: String, _ expected: String, _ value: JSON) -> SluiceError {
    error("\(prefix)\(key) must be \(expected), not \(value.kind)")
  }
}
