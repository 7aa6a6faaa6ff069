import Core
import Kinds

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A log of Inspect as it is written by default: a ZIP archive with a document for the log and one for each sample.
///
/// What Inspect 0.3 puts there is in its `log/_recorders/eval.py`. Samples are read one at a time, and only what a verdict rests on is
/// kept of each: the events of a sample, most of its bytes, are not.
struct InspectArchive {
  /// What archives may hold.
  struct Limits {
    /// Bytes of the archive: its directory is read at once.
    var archive = 512 << 20
    /// Members of it.
    var members = 1_000_000
    /// Bytes of one document: it is parsed as a whole.
    var document = SuiteFile.largestFile
    /// Bytes of all documents, for each byte of the archive, and for any archive. A log with hundreds of like samples packs to a
    /// twentieth; what packs to a thousandth is made to take somebody's time.
    var unpackedForEachByte = 200
    var unpackedAtLeast = 1 << 30
    /// Bytes, as JSON, of what is kept of all samples.
    var kept = 4 * SuiteFile.largestFile
  }

  /// How all ZIP archives with anything in them begin.
  static let signature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

  private let path: String
  private let limits: Limits
  private var header: JSON?
  /// What a run leaves before its end.
  private var start: JSON?
  /// By sample and epoch: one that is logged again takes the place of the first.
  private var samples: [String: DataRecord] = [:]
  private var order: [String] = []
  private var unpacked = 0
  private var kept = 0

  /// - Throws: `SluiceError` (usage) where the file is no such log, is damaged, or holds more than `limits`.
  static func read(_ path: String, what: String, limits: Limits = Limits()) throws -> HarnessFile {
    let (descriptor, status) = try BoundedFile.open(path, what: what)
    defer { close(descriptor) }
    var reader = InspectArchive(path, limits)
    return try reader.read(descriptor, size: status.size)
  }

  private init(_ path: String, _ limits: Limits) { (self.path, self.limits) = (path, limits) }

  private mutating func read(_ descriptor: Int32, size: Int) throws -> HarnessFile {
    if size > limits.archive {
      throw error("the archive is larger than \(limits.archive) bytes", "Decide on logs of fewer samples each.")
    }
    let most = max(
      limits.unpackedAtLeast, size.multipliedReportingOverflow(by: limits.unpackedForEachByte).partialValue)
    do {
      let members = try ZipMembers(descriptor)
      var count = 0
      while let member = try members.next() {
        count += 1
        if count > limits.members {
          throw error("the archive has more than \(limits.members) members", "Decide on logs of fewer samples each.")
        }
        try take(member, of: members, most: most)
      }
    } catch let problem as ZipMembers.Problem {
      throw error(
        "the archive is damaged, or cut off: \(problem.message)",
        "Copy it again; inspect log recover mends the log of a run that was killed.")
    }
    guard let document = header ?? start else {
      throw error(
        "the archive is no log of Inspect: it has no header.json", "Name a log that Inspect wrote, or its JSON form.")
    }
    return HarnessFile(records: order.compactMap { samples[$0] }, document: document)
  }

  private mutating func take(_ member: ZipMembers.Member, of members: ZipMembers, most: Int) throws {
    guard let name = member.name else {
      throw error(
        "a member of the archive has a name that is no UTF-8", "Write the log again with Inspect: inspect log convert.")
    }
    let isSample = name.hasPrefix("samples/") && name.hasSuffix(".json")
    guard isSample || name == "header.json" || name == "_journal/start.json" else { return }
    guard member.isRegularFile, !member.isEncrypted else {
      throw error(
        member.isEncrypted
          ? "\(quoted(name)) in the archive is encrypted" : "\(quoted(name)) in the archive is no file",
        "Inspect writes no such logs; write this one again.")
    }
    // Inspect's design for large samples: a folder of pieces takes the place of the document.
    if name.contains(#/_epoch_\d+\//#) {
      throw error(
        "the sample of \(quoted(name)) is kept in pieces, which are not read",
        "Write the log as JSON: inspect log dump \(path.lastNameOfPath) > LOG.json.")
    }
    guard let bytes = try members.read(limit: min(limits.document, most - unpacked)) else {
      throw error(
        unpacked + limits.document > most
          ? "the archive unpacks to more than \(most) bytes"
          : "\(quoted(name)) in the archive has more than \(limits.document) bytes",
        "Decide on logs of fewer samples each, and of Inspect's own making.")
    }
    unpacked += bytes.count
    let place = SourceLocation(file: "\(path)/\(shortened(name))")
    let document = try HarnessFile.parsed(bytes, place)
    switch name {
    case "header.json": header = document
    // It says of which model, and that there is no end yet.
    case "_journal/start.json": start = .object([.init("status", .string("started"))] + (document.members ?? []))
    default: try keep(document, at: place)
    }
  }

  private mutating func keep(_ sample: JSON, at place: SourceLocation) throws {
    let record = try HarnessFile.record(.object(InspectSample.essentials(of: sample)), at: place)
    guard sample.members != nil, let id = record.label("id") else {
      throw SluiceError(
        .usage, "the document is no sample", at: place, remedy: "Write the log again with Inspect.")
    }
    let key = "\(id) \(record.label("epoch") ?? "")"
    if samples.updateValue(record, forKey: key) == nil { order.append(key) }
    kept += JSON.object(record.fields).serialized().utf8.count
    if kept > limits.kept {
      throw error(
        "prompts and answers in the archive have more than \(limits.kept) bytes",
        "Decide on logs of fewer samples each.")
    }
  }

  private func error(_ message: String, _ remedy: String) -> SluiceError {
    .badInput(message, file: path, remedy: remedy)
  }
}
