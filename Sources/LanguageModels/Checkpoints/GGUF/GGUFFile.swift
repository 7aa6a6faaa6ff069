import Core

/// A GGUF file, memory-mapped: opening reads the header only, and a tensor costs its own conversion.
struct GGUFFile: Sendable {
  let path: String
  private let header: GGUFHeader
  private let file: MappedFile

  /// Opens a file and checks its whole header.
  /// - Throws: `SluiceError` (exit 64) that names the file and what is wrong with it.
  init(path: String) throws {
    file = try MappedFile(path: path)
    header = try GGUFHeader(file)
    self.path = path
  }

  var tensors: [String: GGUFTensor] { header.tensors }

  /// Fills `values` with a tensor's elements as float32, row-major.
  /// - Parameter values: as many as the tensor has.
  /// - Throws: `SluiceError` where there is no such tensor, it is of a type that isn't read, or not finite.
  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard let tensor = tensors[name] else { throw error("no tensor \(brief(name))") }
    guard let type = tensor.type else {
      throw error(
        "tensor \(brief(name)) is of type \(tensor.typeCode)",
        remedy: "F32, F16, BF16, Q4_0, Q5_0, Q8_0, Q4_K, Q5_K and Q6_K are read; Q4_K_M files hold nothing else.")
    }
    guard values.count == tensor.shape.reduce(1, *) else {
      throw InternalError("tensor \(name) has \(tensor.shape) elements, not \(values.count)")
    }
    try file.withBytes(tensor.byteRange) { type.dequantise($0, to: values) }
    if let first = values.firstIndex(where: { !$0.isFinite }) {
      throw error(
        "tensor \(brief(name)) holds \(values[first]) at element \(first)",
        remedy: "The file is damaged or was converted from diverged weights: use another.")
    }
  }

  // MARK: - Metadata

  func has(_ key: String) -> Bool { header.metadata[key] != nil }

  func string(_ key: String) throws -> String? {
    guard let value = header.metadata[key] else { return nil }
    guard case .string(let string) = value else { throw wrongType(key, "a string", value) }
    return string
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = header.metadata[key] else { return nil }
    guard case .integer(let integer) = value else { throw wrongType(key, "an integer", value) }
    guard range.contains(integer) else {
      throw error("\(key) is \(integer); it must be from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  func number(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
    let number: Double
    switch header.metadata[key] {
    case nil: return nil
    case .number(let value): number = value
    case .integer(let value): number = Double(value)
    case let value?: throw wrongType(key, "a number", value)
    }
    guard range.contains(number) else {
      throw error("\(key) is \(number); it must be from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func bool(_ key: String) throws -> Bool? {
    guard let value = header.metadata[key] else { return nil }
    guard case .bool(let bool) = value else { throw wrongType(key, "a boolean", value) }
    return bool
  }

  func strings(_ key: String) throws -> [String]? {
    guard let value = header.metadata[key] else { return nil }
    guard case .strings(let strings) = value else { throw wrongType(key, "an array of strings", value) }
    return strings
  }

  func numbers(_ key: String) throws -> [Float]? {
    guard let value = header.metadata[key] else { return nil }
    guard case .numbers(let numbers) = value else { throw wrongType(key, "an array of numbers", value) }
    return numbers
  }

  func integers(_ key: String) throws -> [Int]? {
    guard let value = header.metadata[key] else { return nil }
    guard case .integers(let integers) = value else { throw wrongType(key, "an array of integers", value) }
    return integers
  }

  /// - Throws: `SluiceError` (exit 64) where the value is absent.
  func required<Value>(_ key: String, _ value: Value?) throws -> Value {
    guard let value else { throw error("the metadata key \(key) is missing") }
    return value
  }

  func error(_ message: String, remedy: String? = nil) -> SluiceError {
    SluiceError.badInput(message, file: path, remedy: remedy)
  }

  private func wrongType(_ key: String, _ expected: String, _ value: GGUFValue) -> SluiceError {
    error("the metadata key \(key) must be \(expected), not \(value.kind)")
  }
}
