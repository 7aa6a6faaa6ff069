/// What a file is that was taken for something else, told by its first bytes.
public struct MistakenFile: Hashable, Sendable {
  /// After "the suite file is": "a Git LFS pointer".
  public let name: String
  /// What to do, one sentence.
  public let remedy: String
  /// Whether it is HTML or XML, which a text may begin like.
  public let isMarkup: Bool

  /// Bytes that are enough to tell.
  public static let headLength = 1024

  /// - Parameter head: the first bytes of the file.
  /// - Returns: nil where they begin no kind of file that is known to be mistaken for data.
  public init?(_ head: some Collection<UInt8>) {
    let bytes = Array(head.prefix(Self.headLength))
    guard let kind = Self.kinds.first(where: { $0.begins(bytes) }) else { return nil }
    (name, remedy, isMarkup) = (kind.name, kind.remedy, kind.isMarkup)
  }

  private struct Kind: Sendable {
    let name: String
    let remedy: String
    let isMarkup: Bool
    let begins: @Sendable ([UInt8]) -> Bool

    init(
      _ name: String, _ remedy: String, isMarkup: Bool = false, _ begins: @escaping @Sendable ([UInt8]) -> Bool
    ) {
      (self.name, self.remedy, self.isMarkup, self.begins) = (name, remedy, isMarkup, begins)
    }

    init(_ name: String, _ remedy: String, magic: [UInt8]...) {
      self.init(name, remedy) { bytes in magic.contains { bytes.starts(with: $0) } }
    }
  }

  private static let zip: [UInt8] = [0x50, 0x4b, 0x03, 0x04]

  private static let kinds = [
    Kind(
      "a Git LFS pointer, not the file itself", "Run git lfs install and git lfs pull in its folder.",
      magic: Array("version https://git-lfs.github.com/spec/".utf8),
      Array("version https://hawser.github.com/spec/".utf8)),
    Kind(
      "a git-annex pointer, not the file itself", "Run git annex get in its folder.",
      magic: Array("/annex/objects/".utf8), Array("../.git/annex/".utf8), Array(".git/annex/".utf8)),
    Kind("compressed with gzip", "Decompress it: gunzip -k FILE.", magic: [0x1f, 0x8b]),
    Kind("compressed with zstd", "Decompress it: zstd -d FILE.", magic: [0x28, 0xb5, 0x2f, 0xfd]),
    Kind("compressed with xz", "Decompress it: xz -dk FILE.", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
    Kind("compressed with bzip2", "Decompress it: bunzip2 -k FILE.") { bytes in
      // The size of its blocks, then the mark of a first block, or of the end where there is none.
      bytes.starts(with: "BZh".utf8) && bytes.count > 9 && (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(bytes[3])
        && [Array("1AY&SY".utf8), [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]].contains(Array(bytes[4..<10]))
    },
    Kind("a 7z archive", "Unpack it.", magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]),
    Kind("a RAR archive", "Unpack it.", magic: Array("Rar!".utf8)),
    Kind("a tar archive", "Unpack it.") { $0.count > 262 && $0[257..<262].elementsEqual("ustar".utf8) },
    Kind(
      "a PyTorch file of pickled objects, in a ZIP archive",
      "Pickles run code when they are read: save weights with save_pretrained(safe_serialization=True)."
    ) { bytes in
      bytes.starts(with: zip)
        && ["data.pkl", "/version", "byteorder"].contains { bytes.firstRange(of: Array($0.utf8)) != nil }
    },
    Kind(
      "a ZIP archive (or a spreadsheet in one)", "Unpack it, or export the sheet as CSV.",
      magic: zip, [0x50, 0x4b, 0x05, 0x06]),
    Kind(
      "an HDF5 file", "Convert weights to safetensors, and data to JSON Lines, with the library that wrote it.",
      magic: [0x89, 0x48, 0x44, 0x46]),
    Kind(
      "a Parquet file",
      "Convert it: python3 -c 'import pandas,sys; pandas.read_parquet(sys.argv[1]).to_json(sys.argv[2], "
        + "orient=\"records\", lines=True)' FILE FILE.jsonl",
      magic: Array("PAR1".utf8)),
    Kind(
      "an Arrow file", "Export it as JSON Lines or CSV with the library that wrote it.",
      magic: Array("ARROW1".utf8), [0xff, 0xff, 0xff, 0xff]),
    Kind(
      "a SQLite database", "Export the table as CSV: sqlite3 -header -csv FILE 'SELECT …'.",
      magic: Array("SQLite format 3\0".utf8)),
    Kind("a PDF", "Name the data file that it was made from.", magic: Array("%PDF".utf8)),
    Kind(
      "a file of pickled Python objects",
      "Pickles run code when they are read: save weights with save_pretrained(safe_serialization=True), data as JSON Lines.",
      magic: [0x80, 0x02], [0x80, 0x03], [0x80, 0x04], [0x80, 0x05]),
    Kind(
      "UTF-16 text", "Save it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8.",
      magic: [0xff, 0xfe], [0xfe, 0xff]),
    Kind(
      "an HTML page, likely a login or error page that a download got instead",
      "Sign in or accept the terms, and download the file again.", isMarkup: true
    ) { bytes in
      let text = String(decoding: bytes, as: UTF8.self).lowercased().drop { $0.isWhitespace || $0 == "\u{feff}" }
      return text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<head")
    },
    Kind("an XML document", "Look at what it says; where it is data, convert it.", isMarkup: true) { bytes in
      let text = String(decoding: bytes, as: UTF8.self).lowercased().drop { $0.isWhitespace || $0 == "\u{feff}" }
      return text.hasPrefix("<?xml") || text.hasPrefix("<error>")
    },
  ]
}
