import Core

/// A model as the SentencePiece library writes it (`sentencepiece.bpe.model`, `spm.model`): its pieces and settings.
///
/// The format is Protocol Buffers' (message `ModelProto` of `sentencepiece_model.proto`); fields that say nothing about
/// ids are passed over.
struct SentencePieceModelFile {
  struct Piece {
    var text = ""
    var score: Float = 0
    /// 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    var kind = 1
  }

  let path: String
  private(set) var pieces: [Piece] = []
  /// 1 Unigram, 2 BPE, 3 words, 4 characters.
  private(set) var algorithm = 1
  private(set) var unknownID = 0
  private(set) var spellsBytes = false
  private(set) var map: CharacterMap?

  static let kinds = [1: "Unigram", 2: "BPE", 3: "words", 4: "characters"]

  /// - Throws: `SluiceError` (usage) for a file that is damaged or no Unigram model, and for settings that aren't read.
  init(path: String) throws {
    self.path = path
    do {
      try read(try TokenizerText.read(path))
    } catch let fault as ProtocolBuffer.Fault {
      throw error("\(fault.message) at byte \(fault.offset): this is no SentencePiece model, or a damaged one")
    } catch let fault as CharacterMap.Fault {
      throw error(fault.message)
    }
    guard !pieces.isEmpty else { throw error("no pieces: this is no SentencePiece model, or a damaged one") }
    guard algorithm == 1 else {
      throw error("a SentencePiece model of kind \(Self.kinds[algorithm] ?? "\(algorithm)") isn't read from this file")
    }
  }

  private mutating func read(_ bytes: [UInt8]) throws {
    var reader = ProtocolBuffer(bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let range)): pieces.append(try piece(reader.part(range)))
      case (2, .bytes(let range)): try readTraining(reader.part(range))
      case (3, .bytes(let range)): try readNormalization(reader.part(range), bytes)
      default: break
      }
    }
  }

  private func piece(_ part: ProtocolBuffer) throws -> Piece {
    var reader = part
    var piece = Piece()
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let range)):
        guard let text = String(validating: reader.bytes[range], as: UTF8.self) else {
          throw ProtocolBuffer.Fault(message: "a piece that isn't UTF-8", offset: range.lowerBound)
        }
        piece.text = text
      case (2, .word(let bits)): piece.score = Float(bitPattern: bits)
      case (3, .integer(let value)): piece.kind = Int(truncatingIfNeeded: value)
      default: break
      }
    }
    guard piece.score.isFinite else {
      throw ProtocolBuffer.Fault(message: "a piece's score is no number", offset: part.offset)
    }
    return piece
  }

  private mutating func readTraining(_ part: ProtocolBuffer) throws {
    var reader = part
    while let field = try reader.next() {
      guard case .integer(let value) = field.value else { continue }
      switch field.number {
      case 3: algorithm = Int(truncatingIfNeeded: value)
      case 24 where value != 0: throw error("treat_whitespace_as_suffix isn't supported")
      case 35: spellsBytes = value != 0
      case 40: unknownID = Int(truncatingIfNeeded: value)
      default: break
      }
    }
  }

  private mutating func readNormalization(_ part: ProtocolBuffer, _ bytes: [UInt8]) throws {
    var reader = part
    let switches = [3: "add_dummy_prefix", 4: "remove_extra_whitespaces", 5: "escape_whitespaces"]
    while let field = try reader.next() {
      switch field.value {
      case .bytes(let range) where field.number == 2 && !range.isEmpty: map = try CharacterMap(Array(bytes[range]))
      case .integer(0):
        if let name = switches[field.number] { throw error("\(name): false isn't supported") }
      default: break
      }
    }
  }

  func error(_ message: String) -> SluiceError {
    SluiceError.badInput(
      message, file: path,
      remedy: "Save the tokenizer as tokenizer.json beside the weights: load it with transformers' AutoTokenizer and "
        + "call save_pretrained.")
  }
}

/// The fields of one message in Protocol Buffers' wire format.
struct ProtocolBuffer {
  struct Fault: Error, Hashable {
    let message: String
    let offset: Int
  }

  enum Value {
    case integer(UInt64)
    /// Eight bytes, which nothing here reads.
    case long
    case word(UInt32)
    case bytes(Range<Int>)
  }

  let bytes: [UInt8]
  private(set) var offset: Int
  private let end: Int

  init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

  private init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    offset = range.lowerBound
    end = range.upperBound
  }

  /// The message inside a field.
  func part(_ range: Range<Int>) -> ProtocolBuffer { ProtocolBuffer(bytes, range) }

  /// The next field; nil at the end.
  /// - Throws: `Fault`.
  mutating func next() throws -> (number: Int, value: Value)? {
    guard offset < end else { return nil }
    let start = offset
    let key = try integer()
    let number = Int(truncatingIfNeeded: key >> 3)
    guard number > 0, key >> 3 < 1 << 29 else {
      throw Fault(message: "no field has the number \(key >> 3)", offset: start)
    }
    switch key & 7 {
    case 0: return (number, .integer(try integer()))
    case 1:
      _ = try take(8)
      return (number, .long)
    case 2:
      let count = try integer()
      return (number, .bytes(try take(count)))
    case 5:
      let range = try take(4)
      return (number, .word(bytes[range].reversed().reduce(0) { $0 << 8 | UInt32($1) }))
    default: throw Fault(message: "a field of type \(key & 7)", offset: start)
    }
  }

  private mutating func take(_ count: UInt64) throws -> Range<Int> {
    guard count <= UInt64(end - offset) else { throw Fault(message: "a field runs past the end", offset: offset) }
    defer { offset += Int(count) }
    return offset..<offset + Int(count)
  }

  private mutating func integer() throws -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard offset < end else { throw Fault(message: "a number runs past the end", offset: offset) }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw Fault(message: "a number of more than 64 bits", offset: offset)
  }
}
