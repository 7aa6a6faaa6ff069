import CProcessor

/// How a matrix keeps its weights: as its file has them, bit for bit, in the order in which products read them.
public struct StoredFormat: Sendable {
  /// Codes of few bits, in blocks of inputs that share a scale.
  ///
  /// A weight is scale · factor · level + offset · offset factor, computed in float32; level = code − zero, or the table's
  /// entry. For every quantisation of GGML the products are exact, so that the weight is what the formula says, rounded once.
  public struct Blocks: Sendable, Hashable {
    /// Inputs that share a scale and an offset.
    public var elements: Int
    /// Inputs that share a factor: 16 or 32, a divisor of `elements`.
    public var group: Int
    /// Of a code: 2, 3, 4, 5, 6 or 8.
    public var bits: Int
    /// The code whose level is 0, where there is no table.
    public var zero = 0
    /// 16 levels for codes of 4 bits; nil where the code is the level.
    public var table: [Int8]?
    /// Whether blocks have an offset beside their scale.
    public var hasOffset = false
    /// Whether every group has a factor of the scale, and of the offset where there is one; else both are 1.
    public var hasFactors = false
    /// Whether scales are bfloat16 instead of binary16.
    public var hasBrainScale = false

    public init(elements: Int, group: Int, bits: Int) {
      precondition([16, 32].contains(group) && elements % group == 0, "groups of 16 or 32 fill a block")
      precondition([2, 3, 4, 5, 6, 8].contains(bits), "codes of other widths have no kernel")
      self.elements = elements
      self.group = group
      self.bits = bits
    }

    var groups: Int { elements / group }
    /// Bits of a code that lie with their neighbours', and those that lie apart.
    var lowBits: Int { bits == 8 ? 8 : bits < 4 ? 2 : 4 }
    var highBits: Int { bits - lowBits }
  }

  let kernel: sluice_stored_format
  let blocks: Blocks?

  private init(_ kind: sluice_stored_kind, bytes: Int) {
    var kernel = sluice_stored_format()
    kernel.kind = kind
    kernel.elements = 1
    kernel.group = 1
    kernel.bytes = Int32(16 * bytes)
    self.kernel = kernel
    blocks = nil
  }

  /// IEEE binary32.
  public static let float32 = StoredFormat(sluice_float32, bytes: 4)
  /// IEEE binary16.
  public static let half = StoredFormat(sluice_half, bytes: 2)
  /// bfloat16.
  public static let brain = StoredFormat(sluice_brain, bytes: 2)

  /// The format of codes in blocks.
  public init(_ blocks: Blocks) {
    var kernel = sluice_stored_format()
    kernel.kind = sluice_blocks
    kernel.elements = Int32(blocks.elements)
    kernel.group = Int32(blocks.group)
    kernel.low_bits = Int32(blocks.lowBits)
    kernel.high_bits = Int32(blocks.highBits)
    kernel.zero = Int32(blocks.zero)
    if let table = blocks.table {
      kernel.has_table = 1
      withUnsafeMutableBytes(of: &kernel.table) { $0.copyBytes(from: table.map { UInt8(bitPattern: $0) }) }
    }
    kernel.has_offset = blocks.hasOffset ? 1 : 0
    kernel.has_factors = blocks.hasFactors ? 1 : 0
    kernel.has_brain_scale = blocks.hasBrainScale ? 1 : 0
    // For 16 outputs: scales, offsets, factors, offset factors, low bits, high bits.
    var place = blocks.hasOffset ? 64 : 32
    kernel.factors_at = Int32(place)
    if blocks.hasFactors { place += 16 * blocks.groups }
    kernel.offset_factors_at = Int32(place)
    if blocks.hasFactors && blocks.hasOffset { place += 16 * blocks.groups }
    kernel.low_at = Int32(place)
    place += 2 * blocks.elements * blocks.lowBits
    kernel.high_at = Int32(place)
    place += 2 * blocks.elements * blocks.highBits
    kernel.bytes = Int32(place)
    self.kernel = kernel
    self.blocks = blocks
  }

  /// Whether weights are codes of few bits in blocks.
  public var isQuantised: Bool { blocks != nil }
  /// Whether a weight takes 16 bits or fewer.
  public var isNarrow: Bool { kernel.kind != sluice_float32 }

  /// Bytes of 16 outputs' weights for `inputs` inputs.
  func panelBytes(inputs: Int) -> Int { inputs / Int(kernel.elements) * Int(kernel.bytes) }
}

/// One block of one output's weights, to be filled in.
public struct StoredBlock {
  /// [elements].
  public let codes: UnsafeMutablePointer<UInt8>
  /// [groups]; without meaning where the format has none.
  public let factors: UnsafeMutablePointer<Int8>
  /// [groups]; without meaning where the format has no factors or no offset.
  public let offsetFactors: UnsafeMutablePointer<Int8>
  /// Bits of a binary16, or of a bfloat16 where the format says so.
  public var scale: UInt16 = 0
  /// Bits of a binary16.
  public var offset: UInt16 = 0

  public init(
    codes: UnsafeMutablePointer<UInt8>, factors: UnsafeMutablePointer<Int8>, offsetFactors: UnsafeMutablePointer<Int8>
  ) {
    self.codes = codes
    self.factors = factors
    self.offsetFactors = offsetFactors
  }
}
