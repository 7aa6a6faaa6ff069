import Core
import Synchronization
import Tensors

/// A GGUF model, memory-mapped: one file, or all shards of a split one. Opening reads the headers only, and a tensor costs
/// its own conversion.
struct GGUFFile: Sendable {
  let path: String
  /// The header that holds the metadata: the first shard's.
  private let header: GGUFHeader
  private let shards: [(header: GGUFHeader, file: MappedFile)]
  let tensors: [String: GGUFTensor]
  /// Which of `shards` holds a tensor.
  private let shardOf: [String: Int]

  /// Opens a file, and the other shards of a split one beside it, and checks their whole headers.
  /// - Throws: `SluiceError` (exit 64) that names the file and what is wrong with it.
  init(path: String) throws {
    let names = try GGUFShards.paths(of: path)
    try ForeignFile.check(files: names)
    shards = try names.map { name in
      let file = try MappedFile(path: name)
      return (try GGUFHeader(file), file)
    }
    header = shards[0].header
    var tensors: [String: GGUFTensor] = [:]
    var shardOf: [String: Int] = [:]
    for (number, shard) in shards.enumerated() {
      try GGUFShards.check(shard.header, number: number, of: names)
      for (name, tensor) in shard.header.tensors {
        guard tensors.updateValue(tensor, forKey: name) == nil else {
          throw SluiceError.badInput(
            "tensor \(brief(name)) is in another shard too", file: names[number], remedy: GGUFShards.remedy)
        }
        shardOf[name] = number
      }
    }
    self.path = names[0]
    self.tensors = tensors
    self.shardOf = shardOf
    if shards.count > 1, let stated = try integer("split.tensors.count", in: 0...Int.max), stated != tensors.count {
      throw error(
        "its shards hold \(tensors.count) tensors together, and it claims \(stated)", remedy: GGUFShards.remedy)
    }
  }

  /// Fills `values` with a tensor's elements as float32, row-major.
  /// - Parameter values: as many as the tensor has.
  /// - Throws: `SluiceError` where there is no such tensor, it is of a type that isn't read, or not finite.
  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws {
    let (tensor, type) = try readable(name)
    guard values.count == tensor.shape.reduce(1, *) else {
      throw InternalError("tensor \(name) has \(tensor.shape) elements, not \(values.count)")
    }
    try shards[shardOf[name] ?? 0].file.withBytes(tensor.byteRange) { type.dequantise($0, to: values) }
    if let first = values.firstIndex(where: { !$0.isFinite }) {
      throw error(
        "tensor \(brief(name)) holds \(values[first]) at element \(first)",
        remedy: "The file is damaged or was converted from diverged weights: use another.")
    }
  }

  /// A tensor and its type.
  /// - Throws: `SluiceError` where there is no such tensor, or it is of a type that isn't read.
  private func readable(_ name: String) throws -> (GGUFTensor, GGUFTensorType) {
    guard let tensor = tensors[name] else { throw error("no tensor \(brief(name))") }
    guard let type = tensor.type else {
      throw error(
        "tensor \(brief(name)) is of type \(GGUFTensorType.name(of: tensor.typeCode)), which isn't read",
        remedy: GGUFTensorType.allCases.map(\.name).joined(separator: ", ") + " are: quantise the model to one of them."
      )
    }
    return (tensor, type)
  }

  /// A tensor [O,I] in the precision in which it is stored.
  ///
  /// - Parameters:
  ///   - memory: where it goes; nil for a place of its own.
  ///   - row: the stored row that comes at a place of the result.
  /// - Throws: as `read` does.
  func stored(
    _ name: String, in memory: MatrixMemory? = nil, crew: Crew?, row: (Int) -> Int
  ) throws -> StoredMatrix {
    let (tensor, type) = try readable(name)
    guard tensor.shape.count == 2, tensor.shape[1] % type.elements == 0 else {
      throw InternalError("tensor \(name) \(tensor.shape) isn't a matrix of whole blocks")
    }
    let (outputs, inputs) = (tensor.shape[0], tensor.shape[1])
    let file = shards[shardOf[name] ?? 0].file
    // Set where a scale or a number may be infinite: what is wrong, and where, is said by reading it once more.
    let isDoubtful = Atomic(false)
    let matrix = try file.withBytes(tensor.byteRange) { bytes -> StoredMatrix? in
      guard let base = bytes.baseAddress else { return nil }
      let rowBytes = inputs / type.elements * type.bytes
      let start = tensor.byteRange.lowerBound
      func release(_ outputs: Range<Int>) {
        file.release(start + outputs.lowerBound * rowBytes..<start + outputs.upperBound * rowBytes)
      }
      guard let blocks = type.blocks else {
        guard type.elements == 1 else { return nil }
        return StoredMatrix(
          type.storedFormat, inputs: inputs, outputs: outputs, in: memory, crew: crew, done: release
        ) { output in
          let source = base + row(output) * rowBytes
          if !type.isFinite(source, count: inputs) { isDoubtful.store(true, ordering: .relaxed) }
          return source
        }
      }
      return StoredMatrix(
        blocks, inputs: inputs, outputs: outputs, in: memory, crew: crew, done: release
      ) { output, block, parts in
        type.split(base + row(output) * rowBytes + block * type.bytes, into: &parts)
        if !blocks.isFinite(parts) { isDoubtful.store(true, ordering: .relaxed) }
      }
    }
    file.release(tensor.byteRange)
    if let matrix, !isDoubtful.load(ordering: .relaxed) { return matrix }
    var values = [Float](repeating: 0, count: inputs * outputs)
    try values.withUnsafeMutableBufferPointer { try read(name, into: $0) }
    return matrix ?? StoredMatrix(values, inputs: inputs, outputs: outputs, in: memory, crew: crew, row: row)
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
    guard case .strings(let place) = value else { throw wrongType(key, "an array of strings", value) }
    return try header.strings(place, of: shards[0].file)
  }

  func numbers(_ key: String) throws -> [Float]? {
    guard let value = header.metadata[key] else { return nil }
    guard case .numbers(let place) = value else { throw wrongType(key, "an array of numbers", value) }
    return try header.numbers(place, of: shards[0].file)
  }

  func integers(_ key: String) throws -> [Int]? {
    guard let value = header.metadata[key] else { return nil }
    guard case .integers(let place) = value else { throw wrongType(key, "an array of integers", value) }
    return try header.integers(place, of: shards[0].file)
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
