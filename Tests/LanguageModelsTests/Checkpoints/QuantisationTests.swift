import Core
import Testing

@testable import LanguageModels

@Suite("Quantised tensors")
struct QuantisationTests {
  @Test("hold the values that the gguf package reads, in every type", arguments: GGUFTensorType.allCases)
  func types(type: GGUFTensorType) throws {
    let file = try GGUFFile(path: CheckpointFixtures.path("quantised.gguf"))
    let tensor = try #require(file.tensors[type.name])
    #expect(tensor.type == type)
    let expected = try SafetensorsFile(path: CheckpointFixtures.path("quantised.safetensors")).floats(type.name)
    var values = [Float](repeating: .nan, count: tensor.shape.reduce(1, *))
    try values.withUnsafeMutableBufferPointer { try file.read(type.name, into: $0) }
    #expect(values.count == expected.count && Set(values).count > 8)
    for (value, wanted) in zip(values, expected) {
      // The package rounds in another order in places.
      #expect(abs(value - wanted) <= 2e-6 * max(1e-3, abs(wanted)), "\(type.name)")
    }
  }

  @Test("of another type are refused by the type's name")
  func others() {
    #expect(GGUFTensorType.name(of: 18) == "IQ3_XXS" && GGUFTensorType.name(of: 34) == "TQ1_0")
    #expect(GGUFTensorType.name(of: 77) == "77")
    #expect(Set(GGUFTensorType.allCases.map(\.name)).count == GGUFTensorType.allCases.count)
  }
}
