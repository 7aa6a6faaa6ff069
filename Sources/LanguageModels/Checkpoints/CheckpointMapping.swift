import Core
import Foundation
import Tensors

/// Tensors by name, wherever they are stored.
protocol TensorSource {
  /// The file or folder, for messages.
  var path: String { get }

  /// Whether norms' gains are stored as they are used, also where Hugging Face's files leave a 1 out.
  var storesWholeGains: Bool { get }

  /// All tensors.
  var names: [String] { get }

  /// A tensor's shape, row-major; nil where there is no such tensor.
  func shape(of name: String) -> [Int]?

  /// Stored tensors that a decoder of this layout would leave out although they belong to it.
  /// - Parameter used: the names under which the layout's tensors are read.
  func strays(_ used: Set<String>, prefix: String) -> [String]

  /// Fills `values` with a tensor's elements as float32, row-major.
  /// - Throws: `SluiceError` (exit 64) for a type that can't be read, or a NaN or infinity.
  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws

  /// A tensor [O,I] in the precision in which it is stored.
  ///
  /// - Parameter memory: where it goes.
  /// - Throws: as `read` does.
  func stored(_ name: String, in memory: MatrixMemory, crew: Crew?) throws -> StoredMatrix
}

extension TensorSource {
  var storesWholeGains: Bool { false }

  func strays(_ used: Set<String>, prefix: String) -> [String] { [] }

  /// A tensor of a known shape.
  /// - Throws: `SluiceError` (exit 64) where it is missing, of another shape or type, or not finite.
  func tensor(_ name: String, shape: [Int]) throws -> [Float] {
    try check(name, shape: shape)
    let size = shape.reduce(1, *)
    return try [Float](unsafeUninitializedCapacity: size) { buffer, count in
      try read(name, into: UnsafeMutableBufferPointer(rebasing: buffer[0..<size]))
      count = size
    }
  }

  /// - Throws: `SluiceError` (exit 64) unless there is a tensor of this name and shape.
  func check(_ name: String, shape: [Int]) throws {
    guard let stored = self.shape(of: name) else {
      throw SluiceError.badInput(
        "the checkpoint has no tensor \(brief(name))", file: path,
        remedy: "The weights are of another architecture than the configuration says, or incomplete.")
    }
    guard stored == shape else {
      throw SluiceError.badInput(
        "tensor \(brief(name)) has shape \(stored); the configuration makes it \(shape)", file: path,
        remedy: "Use the configuration that was saved with these weights.")
    }
  }
}

/// Translates between `ParameterLayout` and the tensors of a checkpoint.
enum CheckpointMapping {
  /// Reads all weights of `architecture`.
  /// - Throws: `SluiceError` (usage) for a missing, wrongly shaped or non-finite tensor.
  static func load(
    _ architecture: Architecture, from source: some TensorSource, precision: WeightPrecision = .float32
  ) throws -> Weights {
    // Everything is there and fits before memory is taken for it.
    let layout = try check(architecture, source)
    let stored = storedNames(layout, source)
    if precision != .float32, layout.canBeStored {
      return Weights(layout: layout, stored: try load(layout, stored, from: source))
    }
    let values = try [Float](inLargePages: layout.count) { buffer in
      for (slot, name) in zip(layout.slots, stored) {
        let place = UnsafeMutableBufferPointer(rebasing: buffer[slot.offset..<slot.offset + slot.count])
        try source.read(name, into: place)
        if slot.storedLess != 0, !source.storesWholeGains {
          for i in place.indices { place[i] += slot.storedLess }
        }
      }
    }
    return Weights(layout: layout, values: values)
  }

  /// Matrices as they are stored, vectors as float32.
  private static func load(
    _ layout: ParameterLayout, _ names: [String], from source: some TensorSource
  ) throws -> StoredWeights {
    var result: Result<StoredWeights, any Error>?
    Crew.gather(ProcessInfo.processInfo.activeProcessorCount) { crew in
      result = Result {
        let memory = MatrixMemory(expected: layout.count)
        var matrices: [StoredMatrix?] = []
        var vectors: [Float] = []
        var places: [Int: Int] = [:]
        for (slot, name) in zip(layout.slots, names) {
          guard slot.shape.count == 1 else {
            matrices.append(try source.stored(name, in: memory, crew: crew))
            continue
          }
          matrices.append(nil)
          places[slot.offset] = vectors.count
          let values = try source.tensor(name, shape: slot.shape)
          vectors += source.storesWholeGains ? values : values.map { $0 + slot.storedLess }
        }
        let projections = layout.graph.projections.map { $0.parts.compactMap { matrices[$0.slot] } }
        let projected = Set(layout.graph.projections.flatMap { $0.parts.map(\.slot) })
        var tables: [Int: StoredMatrix] = [:]
        for (index, slot) in layout.slots.enumerated() where !projected.contains(index) {
          tables[slot.offset] = matrices[index]
        }
        return StoredWeights(projections: projections, tables: tables, vectors: vectors, places: places)
      }
    }
    guard let result else { throw InternalError("the weights weren't read") }
    return try result.get()
  }

  /// The layout of `architecture`, once every tensor is known to be there with its shape.
  /// - Throws: `SluiceError` (usage) for a missing or wrongly shaped tensor.
  static func check(_ architecture: Architecture, _ source: some TensorSource) throws -> ParameterLayout {
    let layout = ParameterLayout(architecture)
    let names = storedNames(layout, source)
    for (slot, name) in zip(layout.slots, names) { try source.check(name, shape: slot.shape) }
    let prefix = prefix(layout, in: source)
    let strays =
      architecture.family.isEncoder
      ? encoderStrays(Set(names), architecture.family, prefix: prefix, in: source)
      : source.strays(Set(names), prefix: prefix)
    if let stray = strays.min() {
      throw SluiceError.badInput(
        "tensor \(brief(stray)) is stored, and a model as the configuration describes it has no such weights",
        file: source.path, remedy: "Use the configuration that was saved with these weights.")
    }
    return layout
  }

  /// Stored tensors of the encoder itself that its layout would leave out. Heads of other tasks nobody misses, nor the
  /// pooler, which a classifier reads with its head, nor what isn't learnt.
  private static func encoderStrays(
    _ used: Set<String>, _ family: Architecture.Family, prefix: String, in source: some TensorSource
  ) -> [String] {
    let parts = ["embeddings.", "encoder.", "layers.", "final_norm."].map { prefix + $0 }
    return source.names.filter { name in
      guard !used.contains(name), parts.contains(where: name.hasPrefix) else { return false }
      let rest = name.dropFirst(prefix.count)
      if rest == "embeddings.position_ids" || rest == "embeddings.token_type_ids" { return false }
      // Published files hold DeBERTa's absolute positions also where they aren't added, and transformers skips them.
      return !(family == .debertaV2 && rest.hasPrefix("embeddings.position_embeddings."))
    }
  }

  /// The token embedding's name as the files have it: it is the first slot of every architecture.
  static func embeddingName(_ architecture: Architecture, in source: some TensorSource) -> String {
    storedNames(ParameterLayout(architecture), source)[0]
  }

  /// The slots' names as the files have them.
  private static func storedNames(_ layout: ParameterLayout, _ source: some TensorSource) -> [String] {
    let prefix = prefix(layout, in: source)
    let model = layout.architecture.family.modelPrefix
    return layout.slots.map { slot in
      slot.name.hasPrefix(model) ? prefix + slot.name.dropFirst(model.count) : slot.name
    }
  }

  /// The tensors to write for `weights`, in layout order.
  static func tensors(_ weights: Weights) -> [(name: String, shape: [Int], values: [Float])] {
    let values = weights.values
    return weights.layout.slots.map { slot in
      let part = values[slot.offset..<slot.offset + slot.count]
      return (slot.name, slot.shape, slot.storedLess == 0 ? Array(part) : part.map { $0 - slot.storedLess })
    }
  }

  /// What stands in the files where a model with its head has `modelPrefix`: a bare model has nothing there, and one
  /// that is part of a larger one has more.
  private static func prefix(_ layout: ParameterLayout, in source: some TensorSource) -> String {
    let family = layout.architecture.family
    let first = layout.slots[0].name.dropFirst(family.modelPrefix.count)
    return family.prefixesInFiles.first { source.shape(of: $0 + first) != nil } ?? family.modelPrefix
  }
}

extension Architecture.Family {
  /// What the layout's names of everything but the head begin with.
  var modelPrefix: String {
    switch self {
    case .gpt2: "transformer."
    case .bert: "bert."
    case .roberta, .xlmRoberta: "roberta."
    case .debertaV2: "deberta."
    case .modernBERT: "model."
    case .llama, .mistral, .qwen2, .qwen3, .phi3, .smollm3, .gemma2, .gemma3: "model."
    }
  }

  fileprivate var prefixesInFiles: [String] {
    switch self {
    // With a vision tower beside it, in the order of transformers' versions.
    case .gemma3: [modelPrefix, "", "language_model.model.", "model.language_model."]
    default: [modelPrefix, ""]
    }
  }
}
