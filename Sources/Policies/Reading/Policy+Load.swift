import Core
import Foundation

extension Policy {
  /// Bytes that are read at most: a policy is a page of text, and what is larger isn't one.
  static let largestFile = 1 << 20

  /// Reads and validates a policy file.
  ///
  /// - Parameters:
  ///   - overrides: `KEY=VALUE`, applied in order before validation.
  ///   - seed: replaces the policy's seed.
  ///   - environment: for `${VAR}` and `SLUICE_SITE`.
  ///   - checksFiles: false looks at the policy's structure alone and takes named files, folders and keys for granted.
  ///   - kinds: what a policy can name.
  /// - Throws: `PolicyErrors` with everything that is wrong.
  public static func load(
    path: String, overrides: [String] = [], seed: UInt64? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment, checksFiles: Bool = true,
    kinds: Catalogue = .all
  ) throws -> Policy {
    let bytes: [UInt8]
    let site: Site
    do {
      site = try Site.load(environment: environment)
      bytes = try BoundedFile.read(
        path, what: "the policy", limit: largestFile,
        hint: "Policies are a page of YAML; attacks belong in suite files.")
    } catch let error as SluiceError {
      throw PolicyErrors([error])
    }
    return try parse(
      bytes, path: path, overrides: overrides, seed: seed, environment: environment, site: site,
      checksFiles: checksFiles, kinds: kinds)
  }

  /// Validates a policy that is at hand as bytes.
  ///
  /// - Parameters:
  ///   - path: what errors call it; relative paths in it are looked up beside it too.
  ///   - site: what it may ask and read.
  /// - Throws: `PolicyErrors` with everything that is wrong.
  public static func parse(
    _ bytes: [UInt8], path: String, overrides: [String] = [], seed: UInt64? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment, site: Site = .open, checksFiles: Bool = true,
    kinds: Catalogue = .all
  ) throws -> Policy {
    var reader = PolicyReader(path: path, environment: environment, site: site, checksFiles: checksFiles)
    let text: String
    var root: PolicyNode
    do {
      text = try decoded(bytes, path: path)
      root = try tree(text, path: path)
    } catch let error as SluiceError {
      throw PolicyErrors([error])
    }
    for override in overrides {
      do {
        root = try Override(override).apply(to: root)
      } catch let error as SluiceError {
        reader.diagnostics.add(error)
      }
    }
    let builder = PolicyBuilder(path: path, text: text, overrides: overrides, seed: seed, kinds: kinds)
    let policy = builder.build(root, reader: &reader)
    guard reader.diagnostics.errors.isEmpty else { throw PolicyErrors(reader.diagnostics.sorted) }
    guard let policy else { throw InternalError("a policy without errors could not be built") }
    return policy
  }

  private static func decoded(_ bytes: [UInt8], path: String) throws -> String {
    if bytes.count > largestFile {
      throw SluiceError.badInput("the policy is larger than \(largestFile) bytes", file: path)
    }
    do {
      return try TextDecoding.text(bytes)
    } catch {
      throw error.explained("the policy is not UTF-8", file: path)
    }
  }

  private static func tree(_ text: String, path: String) throws -> PolicyNode {
    guard let root = try YAMLText.node(text, file: path), !root.isNull else {
      throw SluiceError(
        .usage, "the policy is empty", at: SourceLocation(file: path, line: 1, column: 1),
        remedy: "See `sluice schema` for its keys.")
    }
    return root
  }

  /// What `--set` said, as reports and the ledger have it: `key=<set, sha256 1f0e4a77>` where the value holds a secret or is an
  /// address with a query.
  /// - Parameter hash: SHA-256, hexadecimal.
  public func shownOverrides(hash: (String) -> String) -> [String] {
    overrides.map { Override.shown($0, redactor: redactor, hash: hash) }
  }

  /// Those of a run's overrides that were shown whole, and can be applied again.
  public static func repeatable(_ overrides: [String]) -> [String] { overrides.filter { !Override.isSetAside($0) } }
}
