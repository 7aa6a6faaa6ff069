import Core
import Foundation
import Testing

@testable import LanguageModels

let smallEncoder = Architecture(
  family: .bert, vocabulary: 37, context: 24, width: 16, layers: 2, heads: 2, feedForward: 24)

let smallRoberta = Architecture(
  family: .roberta, vocabulary: 37, context: 24, width: 16, layers: 2, heads: 2, feedForward: 24)

@Suite("Encoding")
struct EncodingTests {
  let inputs = randomSequences([5, 1, 7, 3, 4], vocabulary: 37, seed: 3)

  @Test(
    "every tensor's gradient agrees with finite differences", arguments: [Pooling.first, .mean],
    [smallEncoder, smallRoberta])
  func finiteDifferences(_ pooling: Pooling, _ architecture: Architecture) {
    let weights = livelyWeights(architecture, seed: 5)
    let encoding = Encoding(pooling: pooling, workers: 2, microBatch: 2)
    var generator = SeededGenerator(seed: 11)
    let slopes = inputs.map { _ in (0..<16).map { _ in Float(generator.normal()) } }
    func value(_ weights: Weights) -> Double {
      zip(encoding.pooled(inputs, weights), slopes).reduce(0.0) { total, pair in
        total + zip(pair.0, pair.1).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      }
    }
    let (_, gradient) = encoding.gradient(inputs, weights) { _ in (0, slopes) }
    for slot in weights.layout.slots {
      let range = slot.offset..<slot.offset + slot.count
      let norm = range.reduce(0.0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }.squareRoot()
      guard norm > 0 else {
        Issue.record("\(slot.name) has no gradient")
        continue
      }
      let step = 4e-3
      func moved(_ sign: Double) -> Weights {
        var values = weights.values
        for i in range { values[i] += Float(sign * step * Double(gradient[i]) / norm) }
        return Weights(layout: weights.layout, values: values)
      }
      let slope = (value(moved(1)) - value(moved(-1))) / (2 * step)
      #expect(abs(slope - norm) < 0.01 * norm + 3e-3, "\(slot.name): \(slope) against \(norm)")
    }
  }

  @Test("the classification head's gradients agree with finite differences")
  func head() {
    var generator = SeededGenerator(seed: 1)
    let pooled = (0..<4).map { _ in (0..<16).map { _ in Float(generator.normal()) } }
    var head = ClassificationHead(width: 16, labels: 3, seed: 2)
    for i in head.values.indices { head.values[i] += 0.3 * Float(generator.normal()) }
    let targets = [0, 2, 1, 1]
    let (_, slopes, gradient) = head.loss(pooled, labels: targets)
    for i in stride(from: 0, to: head.values.count, by: 7) {
      var (up, down) = (head, head)
      up.values[i] += 0.01
      down.values[i] -= 0.01
      let slope = (up.loss(pooled, labels: targets).value - down.loss(pooled, labels: targets).value) / 0.02
      #expect(abs(slope - Double(gradient[i])) < 2e-3)
    }
    for i in 0..<16 {
      var (up, down) = (pooled, pooled)
      up[1][i] += 0.01
      down[1][i] -= 0.01
      let slope = (head.loss(up, labels: targets).value - head.loss(down, labels: targets).value) / 0.02
      #expect(abs(slope - Double(slopes[1][i])) < 2e-3)
    }
  }

  @Test("a checkpoint reads back as it was written", arguments: smallDecoders + [smallEncoder, smallRoberta])
  func roundTrip(_ architecture: Architecture) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let weights = livelyWeights(architecture, seed: 8)
    try writeConfiguration(architecture.configurationEntries, folder: folder)
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(weights), dtype: .f32, metadata: [:], to: folder + "/model.safetensors")
    let read = try Architecture(CheckpointConfiguration(folder: folder))
    #expect(read == architecture)
    #expect(try CheckpointMapping.load(read, from: CheckpointWeights.open(folder: folder)).values == weights.values)
  }
}

@Suite("At the lab's size")
struct LabSizeTests {
  @Test("a row's result doesn't depend on the rows beside it, at any batch size")
  func batchInvariant() {
    let weights = Weights.random(
      Architecture(family: .gpt2, vocabulary: 512, context: 64, width: 128, layers: 4, heads: 4), seed: 1)
    let settings = DecodingSettings(maxTokens: 12, endTokens: [0])
    let requests = (0..<70).map { GenerationRequest(prompt: [3 + $0 % 5, 9, 2 + $0], seed: UInt64($0)) }
    let reference = requests.map {
      Decoder(weights: weights).generate([$0], settings: settings, workers: 1)[0]
    }
    for size in [2, 3, 5, 16, 64, 70] {
      let batched = Decoder(weights: weights, microBatch: size).generate(requests, settings: settings, workers: 2)
      for (a, b) in zip(reference, batched) {
        #expect(a.tokens == b.tokens)
        #expect(a.logProbability == b.logProbability)
      }
    }
  }
}
