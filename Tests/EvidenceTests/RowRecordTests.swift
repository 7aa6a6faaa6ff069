import Core
import Testing

@testable import Evidence

@Suite("What a record of the chain says of rows")
struct RowRecordTests {
  private func digest(_ number: Int) -> RowDigest { RowDigest(of: [UInt8(truncatingIfNeeded: number), 7]) }

  private func record(_ keys: [RowKey], in table: ChainedTable = .storedResponses) throws -> RowRecord {
    var rows = RowChanges()
    for (index, key) in keys.enumerated() { rows.note(key, digest(index), isNew: true) }
    return try #require(RowRecord([table: rows]))
  }

  private func expectSame(_ record: RowRecord) throws {
    let read = try RowRecord(record.bytes)
    #expect(read.parts.map(\.table) == record.parts.map(\.table))
    #expect(read.parts.map(\.keys) == record.parts.map(\.keys))
    #expect(read.parts.map(\.tags) == record.parts.map(\.tags))
    #expect(read.parts.map(\.digest) == record.parts.map(\.digest))
  }

  @Test("New rows whose keys follow each other take four bytes each")
  func runs() throws {
    let responses = (0..<500).map { RowKey(first: 100_000 + $0) }
    let judgments = (0..<500).map { RowKey(first: 100_000 + $0, second: 3) }
    for (keys, table) in [(responses, ChainedTable.storedResponses), (judgments, .storedJudgments)] {
      let record = try record(keys, in: table)
      #expect(record.bytes.count <= 4 * keys.count + 50)
      try expectSame(record)
    }
  }

  @Test("Keys in any order are read as they were written")
  func anyOrder() throws {
    var random = SeededGenerator(seed: 5, stream: "keys")
    for length in [1, 2, 3, 40] {
      for _ in 0..<50 {
        // Close together, so that many follow each other.
        let numbers = (0..<length).map { _ in Int64(random.next() % 60) - 30 }
        let keys = Array(Set(numbers)).shuffled(using: &random).map { RowKey(first: $0, second: $0 % 2) }
        try expectSame(try record(keys))
      }
    }
    try expectSame(try record([RowKey(first: .max), RowKey(first: .min), RowKey(rest: [1]), RowKey(rest: [])]))
    let mixed = [RowKey(first: 1), RowKey(first: 2), RowKey(rest: [1]), RowKey(first: 3)]
    try expectSame(try record(mixed, in: .searches))
  }

  @Test("Records of earlier versions, where each key stands beside its tag, are read")
  func earlier() throws {
    let digest = digest(0)
    let tag: [UInt8] = [4, 3, 2, 1]
    // Table, new rows, changes, digest; then head, distance (doubled) and tag of each row.
    let bytes = [ChainedTable.texts.rawValue, 2, 0] + digest.bytes + [0, 8] + tag + [0, 2] + tag
    let part = try #require(try RowRecord(bytes).parts.first)
    #expect(part.keys == [RowKey(first: 4), RowKey(first: 5)])
    #expect(part.tags == [0x0102_0304, 0x0102_0304] && part.digest == digest)
  }

  @Test("A record that was cut or changed is damage, and never the end of the process")
  func damage() throws {
    let bytes = try record((0..<20).map { RowKey(first: 7 + $0) }).bytes
    for length in 1..<bytes.count {
      #expect(throws: LedgerDamage.self) { _ = try RowRecord(Array(bytes.prefix(length))) }
    }
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << UInt8(bit)
        _ = try? RowRecord(changed)
      }
    }
    // A run longer than its part.
    let head = [ChainedTable.texts.rawValue | 0x80, 2, 0] + digest(0).bytes
    #expect(throws: LedgerDamage.self) { _ = try RowRecord(head + [0, 8, 3] + [UInt8](repeating: 0, count: 12)) }
    #expect(throws: LedgerDamage.self) { _ = try RowRecord(head + [0, 8, 0] + [UInt8](repeating: 0, count: 12)) }
  }
}
