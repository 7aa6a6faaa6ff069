import Core
import Foundation

/// Reads files that people name: only regular ones, and never more than a bound.
enum BoundedFile {
  /// - Parameters:
  ///   - what: how messages call the file, for example `the policy`.
  ///   - hint: what to do where the file is too large.
  /// - Throws: `SluiceError` (usage).
  static func read(_ path: String, what: String, limit: Int, hint: String) throws -> [UInt8] {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw SluiceError.badInput("\(what) isn't there", file: path, remedy: "Check the path.")
    }
    if isFolder.boolValue {
      throw SluiceError.badInput("\(what) is a folder", file: path, remedy: "Name the file in it.")
    }
    // A pipe or a device could deliver for ever.
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let type = (try? manager.attributesOfItem(atPath: target))?[.type] as? FileAttributeType
    guard type == .typeRegular else {
      throw SluiceError.badInput("\(what) is no regular file", file: path, remedy: "Name a file on disk.")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw SluiceError.badInput("\(what) can't be read", file: path, remedy: "Check its permissions.")
    }
    defer { try? handle.close() }
    // One byte more than allowed tells a file that is too large from one that just fits, whatever its size claims.
    guard let data = try? handle.read(upToCount: limit + 1) else { return [] }
    if data.count > limit {
      throw SluiceError.badInput("\(what) is larger than \(limit) bytes", file: path, remedy: hint)
    }
    return [UInt8](data)
  }
}

/// UTF-8 bytes as text, with the place of the first byte that is none.
enum TextDecoding {
  struct Problem: Error, Hashable {
    let line: Int
    let column: Int
  }

  /// Without a byte order mark, where there is one.
  static func text(_ bytes: some Sequence<UInt8>) throws(Problem) -> String {
    let bytes = Array(bytes)
    if let text = String(validating: bytes, as: UTF8.self) {
      return text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    }
    var (line, column) = (1, 1)
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      if scalar == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
    }
    throw Problem(line: line, column: column)
  }
}
