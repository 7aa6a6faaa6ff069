import Testing

@testable import Tensors

@Suite("Memory for what a pass computes")
struct FloatMemoryTests {
  @Test("where there is none left, the process ends in words and with the documented code")
  func none() async throws {
    let result = try #require(
      await #expect(processExitsWith: .exitCode(70), observing: [\.standardErrorContent]) {
        _ = FloatMemory(1 << 50)
      })
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains("no memory for a buffer of 4294967296 MB") && text.contains("--resume"))
  }

  @Test("what is given back serves what is nearly as large, and nothing much smaller")
  func givenBack() {
    func place(_ count: Int) -> UInt { UInt(bitPattern: FloatMemory(count).base) }
    let large = place(100 << 20)
    #expect(place(80 << 20) == large)
    #expect(place(100 << 20) == large)
    #expect(place(40 << 20) != large)
  }
}
