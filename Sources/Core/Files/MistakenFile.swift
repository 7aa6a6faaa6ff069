/// What a file is that was taken for something else, told by its first bytes.
public struct MistakenFile: Hashable, Sendable {
  /// After "the suite file is": "a Git LFS pointer".
  public let name: String
  /// What to do, one sentence.
  public let remedy: String

  /// Bytes that are enough to tell.
  public static let headLength = 512

  /// - Parameter head: the first bytes of the file.
  /// - Returns: nil where they begin no kind of file that is known to be mistaken for data.
  public init?(_ head: some Collection<UInt8>) {
    let bytes = Array(head.prefix(Self.headLength))
    guard let kind = Self.kinds.first(where: { $0.begins(bytes) }) else { return nil }
    (name, remedy) = (kind.name, kind.remedy)
  }

  private struct Kind: Sendable {
    let name: String
    let remedy: String
    let begins: @Sendable ([UInt8]) -> Bool

    init(_ name: String, _ remedy: String, _ begins: @escaping @Sendable ([UInt8]) -> Bool) {
      (self.name, self.remedy, self.begins) = (name, remedy, begins)
    }

    init(_ name: String, _ remedy: String, magic: [UInt8]...) {
      self.init(name, remedy) { bytes in magic.contains { bytes.starts(with: $0) } }
    }
  }

  private static let kinds = [
    Kind(
      "a Git LFS pointer", "Fetch what it stands for: git lfs pull.",
      magic: Array("version https://git-lfs.github.com/spec/".utf8)),
    Kind("compressed with gzip", "Decompress it: gunzip -k FILE.", magic: [0x1f, 0x8b]),
    Kind("compressed with zstd", "Decompress it: zstd -d FILE.", magic: [0x28, 0xb5, 0x2f, 0xfd]),
    Kind("compressed with xz", "Decompress it: xz -dk FILE.", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
    Kind("compressed with bzip2", "Decompress it: bunzip2 -k FILE.", magic: Array("BZh".utf8)),
    Kind(
      "a ZIP archive (or a spreadsheet in one)", "Unpack it, or export the sheet as CSV.",
      magic: [0x50, 0x4b, 0x03, 0x04], [0x50, 0x4b, 0x05, 0x06]),
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
      "a Python pickle", "Pickles run code when they are read: export the data as JSON Lines where you trust it.",
      magic: [0x80, 0x02], [0x80, 0x03], [0x80, 0x04], [0x80, 0x05]),
    Kind(
      "UTF-16 text", "Save it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8.",
      magic: [0xff, 0xfe], [0xfe, 0xff]),
    Kind(
      "a web page (a login or an error page, saved in place of the file?)",
      "Open it in an editor; then download the file itself, signed in where that is asked for."
    ) { bytes in
      let text = String(decoding: bytes, as: UTF8.self).lowercased().drop { $0.isWhitespace || $0 == "\u{feff}" }
      return text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<head")
    },
    Kind("XML", "Convert it to JSON Lines or CSV.") { bytes in
      String(decoding: bytes, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{feff}" }.hasPrefix("<?xml")
    },
  ]
}
