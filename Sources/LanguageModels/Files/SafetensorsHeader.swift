import Core

/// What one tensor of a safetensors file is, and where.
package struct TensorInfo: Hashable, Sendable {
  let dtype: TensorDataType
  /// Row-major; empty for a scalar.
  let shape: [Int]
  /// In the file, header included.
  let byteRange: Range<Int>

  /// Elements, 1 for a scalar.
  var count: Int { byteRange.count / dtype.size }
}

/// The element types that the format knows. Sluice computes with the floating-point ones of 16 and 32 bits; files may
/// hold others beside them, such as index buffers.
enum TensorDataType: String, Sendable {
  case bool = "BOOL"
  case u8 = "U8"
  case i8 = "I8"
  case f8e5m2 = "F8_E5M2"
  case f8e4m3 = "F8_E4M3"
  case i16 = "I16"
  case u16 = "U16"
  case f16 = "F16"
  case bf16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case f32 = "F32"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"

  /// Bytes an element.
  var size: Int {
    switch self {
    case .bool, .u8, .i8, .f8e5m2, .f8e4m3: 1
    case .i16, .u16, .f16, .bf16: 2
    case .i32, .u32, .f32: 4
    case .f64, .i64, .u64: 8
    }
  }
}

/// The header of a safetensors file: 8 bytes of length (little-endian), that many bytes of JSON, then the data.
///
/// The header is hostile input. Everything is checked before it is believed, so that a tensor that made it into
/// `tensors` lies inside the file, has as many bytes as its shape says, and shares none with another.
/// Format: https://huggingface.co/docs/safetensors
struct SafetensorsHeader {
  let tensors: [String: TensorInfo]
  let metadata: [String: String]

  /// What the format's own library accepts.
  static let maximumLength = 100_000_000

  private static let remedy = "The checkpoint is damaged or no safetensors file: copy or export it again."

  /// - Parameters:
  ///   - bytes: the length field and the JSON.
  ///   - fileSize: bytes in the whole file.
  init(json: [UInt8], fileSize: Int, path: String) throws {
    func broken(_ message: String) -> SluiceError {
      SluiceError.badInput(message, file: path, remedy: SafetensorsHeader.remedy)
    }
    let document: JSON
    do {
      document = try JSON(parsing: json, limits: JSON.Limits(depth: 8))
    } catch let error as JSONSyntaxError {
      // A line number would point into a binary file, so the header's offset is named instead.
      throw broken("the header isn't JSON: \(error.message) (header line \(error.line), byte \(error.column))")
    }
    guard let members = document.members else { throw broken("the header is \(document.kind), not an object") }

    let dataStart = 8 + json.count
    var tensors: [String: TensorInfo] = [:]
    var metadata: [String: String] = [:]
    for member in members {
      if member.key == "__metadata__" {
        guard let entries = member.value.members else { throw broken("__metadata__ isn't an object") }
        for entry in entries {
          guard let value = entry.value.string else {
            throw broken("__metadata__ \(brief(entry.key)) isn't a string")
          }
          metadata[entry.key] = value
        }
        continue
      }
      do {
        let info = try TensorInfo(header: member.value, dataStart: dataStart, fileSize: fileSize)
        guard tensors.updateValue(info, forKey: member.key) == nil else {
          throw HeaderFault("has the name of another tensor")
        }
      } catch let fault as HeaderFault {
        throw broken("tensor \(brief(member.key)) \(fault.message)")
      }
    }

    // In file order the tensors must tile the data exactly.
    var end = dataStart
    let inFileOrder = tensors.sorted {
      ($0.value.byteRange.lowerBound, $0.value.byteRange.upperBound, $0.key)
        < ($1.value.byteRange.lowerBound, $1.value.byteRange.upperBound, $1.key)
    }
    for (name, info) in inFileOrder {
      guard info.byteRange.lowerBound >= end else { throw broken("tensor \(brief(name)) overlaps another") }
      guard info.byteRange.lowerBound == end else {
        throw broken("\(info.byteRange.lowerBound - end) bytes before tensor \(brief(name)) belong to none")
      }
      end = info.byteRange.upperBound
    }
    guard end == fileSize else { throw broken("\(fileSize - end) bytes at the end belong to no tensor") }
    self.tensors = tensors
    self.metadata = metadata
  }

  /// Reads the length field and checks it against the file.
  static func length(field: UInt64, fileSize: Int, path: String) throws -> Int {
    guard field <= UInt64(maximumLength) else {
      throw SluiceError.badInput(
        "the header claims \(field) bytes; at most \(maximumLength) are accepted", file: path, remedy: remedy)
    }
    guard Int(field) <= fileSize - 8 else {
      throw SluiceError.badInput(
        "the header claims \(field) bytes and the file has \(fileSize): it is cut off", file: path, remedy: remedy)
    }
    return Int(field)
  }
}

/// What is wrong with one tensor, to be said after its name.
private struct HeaderFault: Error {
  let message: String

  init(_ message: String) { self.message = message }
}

extension TensorInfo {
  fileprivate init(header: JSON, dataStart: Int, fileSize: Int) throws {
    guard let members = header.members else { throw HeaderFault("is described by \(header.kind), not an object") }
    for member in members where !["dtype", "shape", "data_offsets"].contains(member.key) {
      throw HeaderFault("has the unknown key \(brief(member.key))")
    }
    guard let name = header["dtype"]?.string else { throw HeaderFault("has no dtype") }
    guard let dtype = TensorDataType(rawValue: name) else { throw HeaderFault("has the unknown dtype \(brief(name))") }

    guard let sizes = header["shape"]?.array else { throw HeaderFault("has no shape") }
    var bytes = dtype.size
    var shape: [Int] = []
    for size in sizes {
      guard let size = size.integer, size >= 0 else { throw HeaderFault("has a dimension that is no size") }
      shape.append(size)
      let product = bytes.multipliedReportingOverflow(by: size)
      guard !product.overflow else { throw HeaderFault("has a shape too large for any file") }
      bytes = product.partialValue
    }

    guard let offsets = header["data_offsets"]?.array, offsets.count == 2, let start = offsets[0].integer,
      let end = offsets[1].integer
    else { throw HeaderFault("has no data_offsets of two numbers") }
    guard start >= 0, start <= end else { throw HeaderFault("has data_offsets that run backwards") }
    guard end <= fileSize - dataStart else {
      throw HeaderFault("ends at byte \(end) of the data, which has \(fileSize - dataStart): the file is cut off")
    }
    guard end - start == bytes else {
      throw HeaderFault("of shape \(shape) and dtype \(name) needs \(bytes) bytes and has \(end - start)")
    }
    self.init(dtype: dtype, shape: shape, byteRange: (dataStart + start)..<(dataStart + end))
  }
}

/// A name from a hostile file, quoted and shortened, without control characters.
func brief(_ name: String) -> String {
  let printable = name.unicodeScalars.prefix(80).map { $0.properties.generalCategory == .control ? "?" : String($0) }
  return "'" + printable.joined() + (name.unicodeScalars.count > 80 ? "…'" : "'")
}
