import Core
import Foundation
import Tensors

/// The weights of a Hugging Face folder: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
struct CheckpointWeights: TensorSource, Sendable {
  let folder: String
  private let files: [SafetensorsFile]
  /// Which of `files` holds a tensor.
  private let fileOf: [String: Int]

  /// Opens the weights and checks every header.
  /// - Throws: `SluiceError` (exit 64).
  static func open(folder: String) throws -> CheckpointWeights {
    let single = folder + "/model.safetensors"
    if FileManager.default.fileExists(atPath: single) {
      let file = try SafetensorsFile(path: single)
      return CheckpointWeights(folder: folder, files: [file], fileOf: file.tensors.mapValues { _ in 0 })
    }
    let index = folder + "/model.safetensors.index.json"
    guard FileManager.default.fileExists(atPath: index) else {
      let others = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let pickled = others.contains { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".ckpt") }
      throw SluiceError.badInput(
        "no model.safetensors and no model.safetensors.index.json in the checkpoint folder", file: folder,
        remedy: pickled
          ? "Pickled weights can run code and aren't read: save them with save_pretrained(safe_serialization=True)."
          : "Name a folder as Hugging Face transformers writes it.")
    }
    return try sharded(folder: folder, index: index)
  }

  private static func sharded(folder: String, index: String) throws -> CheckpointWeights {
    let document = try CheckpointConfiguration(path: index)
    var files: [SafetensorsFile] = []
    var numberOf: [String: Int] = [:]
    var fileOf: [String: Int] = [:]
    for (tensor, name) in try document.strings("weight_map") {
      // The index may name files of its own folder only.
      guard name.hasSuffix(".safetensors"), !name.contains("/"), !name.contains("\0") else {
        throw SluiceError.badInput(
          "weight_map: \(brief(name)) isn't the name of a safetensors file in this folder", file: index)
      }
      if numberOf[name] == nil {
        numberOf[name] = files.count
        files.append(try SafetensorsFile(path: folder + "/" + name))
      }
      let number = numberOf[name] ?? 0
      guard files[number].tensors[tensor] != nil else {
        throw SluiceError.badInput(
          "weight_map: tensor \(brief(tensor)) isn't in \(name)", file: index,
          remedy: "The shards and the index aren't of the same export: copy all of them again.")
      }
      fileOf[tensor] = number
    }
    return CheckpointWeights(folder: folder, files: files, fileOf: fileOf)
  }

  var path: String { files.count == 1 ? files[0].path : folder }

  /// All tensors, sorted.
  var names: [String] { fileOf.keys.sorted() }

  /// Stored tensors by element type.
  var tensorTypes: [String: Int] {
    files.reduce(into: [:]) { types, file in
      for tensor in file.tensors.values { types[tensor.dtype.rawValue, default: 0] += 1 }
    }
  }

  func contains(_ name: String) -> Bool { fileOf[name] != nil }

  /// A tensor's shape, nil where there is no such tensor.
  func shape(of name: String) -> [Int]? { fileOf[name].flatMap { files[$0].tensors[name]?.shape } }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard let number = fileOf[name] else {
      throw SluiceError.badInput("the checkpoint has no tensor \(brief(name))", file: folder)
    }
    try files[number].read(name, into: values)
    // On the bits, without a branch: a loop that vectorises.
    var isBroken: UInt32 = 0
    for value in values { isBroken |= value.bitPattern & 0x7fff_ffff >= 0x7f80_0000 ? 1 : 0 }
    guard isBroken == 0 else {
      let first = values.firstIndex { !$0.isFinite } ?? 0
      throw SluiceError.badInput(
        "tensor \(brief(name)) holds \(values[first]) at element \(first)", file: files[number].path,
        remedy: "The training diverged or the file is damaged: use another checkpoint.")
    }
  }

  func stored(_ name: String, in memory: MatrixMemory, crew: Crew?) throws -> StoredMatrix {
    guard let number = fileOf[name], let shape = shape(of: name) else {
      throw SluiceError.badInput("the checkpoint has no tensor \(brief(name))", file: folder)
    }
    if let matrix = try files[number].stored(name, in: memory, crew: crew) { return matrix }
    // Says what is wrong with it.
    return StoredMatrix(try tensor(name, shape: shape), inputs: shape[1], outputs: shape[0], in: memory, crew: crew)
  }

  /// Everything under the model's prefix, and heads; less what isn't learnt (rotations, masks) and an equal copy of the
  /// embedding.
  func strays(_ used: Set<String>, prefix: String) -> [String] {
    let buffers = [".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias"]
    return fileOf.keys.filter { name in
      guard !used.contains(name), name != "lm_head.weight", !buffers.contains(where: name.hasSuffix) else {
        return false
      }
      let isLayer = name.hasPrefix(prefix + "layers.") || name.hasPrefix(prefix + "h.")
      return isLayer || !prefix.isEmpty && name.hasPrefix(prefix) || name.hasSuffix("lm_head.weight")
        || name.hasSuffix("lm_head.bias")
    }
  }

  /// Whether two tensors hold the same elements.
  /// - Throws: `SluiceError` (usage) where one can't be read.
  func holdsEqualTensors(_ a: String, _ b: String) throws -> Bool {
    guard let shape = shape(of: a), shape == self.shape(of: b) else { return false }
    return try tensor(a, shape: shape) == tensor(b, shape: shape)
  }
}
