import Foundation
import LanguageModels
import Testing

@testable import Gate

@Suite("The shelf of checkpoints")
struct CheckpointShelfTests {
  private static let base = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../LanguageModelsTests/Checkpoints/Fixtures/models/gemma3.gguf").path

  @Test("holds one copy for a target and for what adapters are trained over, and float32 beside it")
  func plain() throws {
    let shelf = CheckpointShelf()
    let whole = try shelf.decoder(Self.base, .float32).model
    // Of the same bits, so that a target takes what is there; adapters are trained over the file's precision in any case.
    #expect(try shelf.decoder(Self.base, .stored).model === whole)
    let frozen = try shelf.decoder(Self.base, .frozen).model
    #expect(frozen !== whole && frozen.weights.precision == .stored && whole.weights.precision == .float32)
    #expect(try shelf.decoder(Self.base, .frozen).model === frozen)
    let other = CheckpointShelf()
    let first = try other.decoder(Self.base, .frozen).model
    #expect(try other.decoder(Self.base, .stored).model === first)
  }

  @Test("tells an adapter that is merged from one that stays beside its base")
  func adapted() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "shelf-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let layout = try CausalLanguageModel.load(folder: Self.base).weights.layout
    let adapter = try LoRAAdapter(layout: layout, rank: 2, alpha: 4, projections: layout.projections, seed: 1)
    try AdaptedCheckpoint.write(adapter, base: Self.base, promptTemplate: nil, to: folder)
    let shelf = CheckpointShelf()
    let (stored, frozen) = (try shelf.decoder(folder, .stored), try shelf.decoder(folder, .frozen))
    #expect(stored.model !== frozen.model && stored.fingerprint == frozen.fingerprint)
    #expect(frozen.model.weights.byteCount < stored.model.weights.byteCount)
    #expect(frozen.model.weights.values == stored.model.weights.values)
  }
}
