import Kinds
import Testing

@testable import Policies

@Suite("Values with units")
struct QuantityTests {
  @Test(
    "Durations are numbers with units, largest first",
    arguments: [
      ("90s", 90), ("10m", 600), ("6h", 21_600), ("1h30m", 5400), ("250ms", 0.25), ("2d", 172_800), ("1.5h", 5400),
      ("1m30s", 90),
    ])
  func durations(_ text: String, _ seconds: Double) {
    #expect(Quantities.seconds(text) == seconds)
  }

  @Test(
    "What isn't a duration is none",
    arguments: ["", "10", "m", "10x", "-5s", "0s", "30m1h", "5s5s", "1 h", "nan", "infs", "99999999d", "٣s", "1e3s"])
  func badDurations(_ text: String) {
    #expect(Quantities.seconds(text) == nil)
  }

  @Test(
    "Sizes are decimal and binary multiples",
    arguments: [("8MB", 8_000_000), ("512 KiB", 524_288), ("1GiB", 1 << 30), ("65536", 65_536), ("7B", 7)])
  func sizes(_ text: String, _ bytes: Int) {
    #expect(Quantities.bytes(text) == bytes)
  }

  @Test("What isn't a size is none", arguments: ["", "0", "-1", "MB", "1.5MB", "8 TB", "8mb", "99999999999999GB", "٣"])
  func badSizes(_ text: String) {
    #expect(Quantities.bytes(text) == nil)
  }
}
