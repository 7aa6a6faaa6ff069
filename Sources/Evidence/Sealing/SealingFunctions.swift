import Core
import Foundation
import GRDB
import GRDBSQLite
import Synchronization

/// SQL functions between a statement and what is stored. In a ledger that isn't sealed they leave values as they are, so that one
/// statement serves both:
///
/// - `sluiceSeal(label, identity…, value)`, `sluiceOpen(label, identity…, value)`: a text or blob under a label and the parts of its
///   row's identity. NULL, nothing at all and what is sealed (or isn't) already stay what they are.
/// - `sluiceSame(label, identity…, stored, value)`: whether a stored text or blob, sealed or not, is the value.
/// - `sluiceIsSealed(value)`: whether there is nothing to seal.
/// - `sluiceKey(value)`, `sluiceDigest(value)`: what identifies a text; `sluicePlainKey`, `sluicePlainDigest`: in a ledger that isn't
///   sealed.
final class SealingFunctions: Sendable {
  private let state = Mutex<Sealer?>(nil)

  var sealer: Sealer? {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }

  private typealias Function =
    @convention(c) (
      OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?
    ) -> Void

  /// Makes them known to a connection. This has to live as long as that.
  func install(_ db: Database) throws {
    let functions: [(name: String, body: Function)] = [
      ("sluiceSeal", { Call($0, $1, $2).seal() }), ("sluiceOpen", { Call($0, $1, $2).open() }),
      ("sluiceSame", { Call($0, $1, $2).isSame() }),
      ("sluiceIsSealed", { Call($0, $1, $2).isSealed() }), ("sluiceKey", { Call($0, $1, $2).key(isPlain: false) }),
      ("sluicePlainKey", { Call($0, $1, $2).key(isPlain: true) }),
      ("sluiceDigest", { Call($0, $1, $2).digest(isPlain: false) }),
      ("sluicePlainDigest", { Call($0, $1, $2).digest(isPlain: true) }),
    ]
    for function in functions {
      let code = sqlite3_create_function_v2(
        db.sqliteConnection, function.name, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
        Unmanaged.passUnretained(self).toOpaque(), function.body, nil, nil, nil)
      if code != SQLITE_OK { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }
  }
}

/// One call of a function.
private struct Call {
  private let context: OpaquePointer?
  private let arguments: UnsafeBufferPointer<OpaquePointer?>

  init(_ context: OpaquePointer?, _ count: Int32, _ arguments: UnsafeMutablePointer<OpaquePointer?>?) {
    self.context = context
    self.arguments = UnsafeBufferPointer(start: arguments, count: Int(count))
  }

  private var sealer: Sealer? {
    sqlite3_user_data(context).flatMap { Unmanaged<SealingFunctions>.fromOpaque($0).takeUnretainedValue().sealer }
  }

  /// Asked for before its length: that call may convert it.
  private static func bytes(_ value: OpaquePointer?) -> UnsafeRawBufferPointer {
    let start =
      sqlite3_value_type(value) == SQLITE_BLOB
      ? sqlite3_value_blob(value) : UnsafeRawPointer(sqlite3_value_text(value))
    return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_value_bytes(value)))
  }

  private var last: OpaquePointer? { arguments.last ?? nil }

  /// Calls `use` with label and identity, each with its length.
  /// - Parameter values: how many of the last arguments are none of them.
  private func withIdentity<Result>(
    before values: Int = 1, _ use: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    let parts = arguments.dropLast(values)
    let room = parts.reduce(0) { $0 + MemoryLayout<UInt32>.size + Self.bytes($1).count }
    return withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { identity in
      var end = 0
      for value in parts {
        let bytes = Self.bytes(value)
        identity.storeBytes(
          of: UInt32(truncatingIfNeeded: bytes.count).littleEndian, toByteOffset: end, as: UInt32.self)
        end += MemoryLayout<UInt32>.size
        UnsafeMutableRawBufferPointer(rebasing: identity[end...]).copyMemory(from: bytes)
        end += bytes.count
      }
      return use(UnsafeRawBufferPointer(identity))
    }
  }

  func seal() {
    let bytes = Self.bytes(last)
    guard let sealer, !bytes.isEmpty, !Sealer.isSealed(bytes) else { return sqlite3_result_value(context, last) }
    give(withIdentity { sealer.seal(bytes, identity: $0) })
  }

  func open() {
    let bytes = Self.bytes(last)
    guard Sealer.isSealed(bytes) else { return sqlite3_result_value(context, last) }
    let isText = sqlite3_value_type(last) != SQLITE_BLOB
    let isOpened = withIdentity { identity in sealer?.open(bytes, identity: identity) { give($0, isText: isText) } }
    if isOpened != true { sqlite3_result_error(context, SealedRows.unopened, -1) }
  }

  func isSame() {
    let stored = Self.bytes(arguments.dropLast().last ?? nil)
    let value = Self.bytes(last)
    guard let sealer, Sealer.isSealed(stored) else {
      let isSame = stored.count == value.count && (value.isEmpty || stored.elementsEqual(value))
      return sqlite3_result_int(context, isSame ? 1 : 0)
    }
    let isSame = withIdentity(before: 2) { identity in
      if sealer.isSealed(stored, of: value, identity: identity) { return true as Bool? }
      // Another text of the same key is next to impossible, a damaged nonce isn't.
      return sealer.open(stored, identity: identity) { _ in } ? false : nil
    }
    guard let isSame else { return sqlite3_result_error(context, SealedRows.unopened, -1) }
    sqlite3_result_int(context, isSame ? 1 : 0)
  }

  func isSealed() {
    let bytes = Self.bytes(last)
    sqlite3_result_int(context, bytes.isEmpty || Sealer.isSealed(bytes) ? 1 : 0)
  }

  func key(isPlain: Bool) {
    let bytes = Self.bytes(last)
    let sealer = isPlain ? nil : sealer
    sqlite3_result_int64(context, sealer?.key(bytes) ?? SHA256.key(bytes.bindMemory(to: UInt8.self)))
  }

  func digest(isPlain: Bool) {
    let bytes = Self.bytes(last)
    let sealer = isPlain ? nil : sealer
    give(Array((sealer?.digest(bytes) ?? SHA256.hex(bytes)).utf8), isText: true)
  }

  /// A result of the last argument's type.
  private func give(_ bytes: [UInt8]) { give(bytes, isText: sqlite3_value_type(last) != SQLITE_BLOB) }

  private func give(_ bytes: [UInt8], isText: Bool) { bytes.withUnsafeBytes { give($0, isText: isText) } }

  private func give(_ bytes: UnsafeRawBufferPointer, isText: Bool) {
    // SQLite copies it before this returns.
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    // Nothing at all has no address, which SQLite would take for NULL.
    if bytes.isEmpty {
      if isText { sqlite3_result_text(context, "", 0, copies) } else { sqlite3_result_zeroblob(context, 0) }
    } else if isText {
      sqlite3_result_text64(
        context, bytes.bindMemory(to: CChar.self).baseAddress, UInt64(bytes.count), copies, UInt8(SQLITE_UTF8))
    } else {
      sqlite3_result_blob64(context, bytes.baseAddress, UInt64(bytes.count), copies)
    }
  }
}
