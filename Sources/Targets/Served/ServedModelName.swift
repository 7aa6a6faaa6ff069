/// The name of a model as it is asked for, held against the one that an answer gives.
enum ServedModelName {
  /// Whether a server may call by `named` what it was asked for as `asked`: another case, a path before it, the release behind it, or
  /// the file that it has loaded.
  static func means(_ asked: String, named: String) -> Bool {
    let (asked, named) = (asked.lowercased(), named.lowercased())
    if named.isEmpty || asked == named || isFile(named) { return true }
    let (short, other) = (base(asked), base(named))
    return short == other || isRelease(other, of: short) || isRelease(short, of: other)
  }

  /// What llama.cpp and others say where nothing names the model otherwise.
  private static func isFile(_ name: String) -> Bool {
    name.hasPrefix("/") || name.hasPrefix("./") || name.contains("\\") || name.hasSuffix(".gguf")
      || name.hasSuffix(".safetensors") || name.hasSuffix(".bin")
  }

  /// The name without the owner, gateway or folder before it, and without a tag for the newest.
  private static func base(_ name: String) -> Substring {
    var base = name.split(separator: "/").last ?? ""
    for newest in ["-latest", ":latest"] where base.hasSuffix(newest) { base = base.dropLast(newest.count) }
    return base
  }

  /// Whether `name` is `model` with a date or a version behind it, as in `gpt-4o-2024-08-06`. A size is neither: `llama-3-8b` is
  /// not `llama-3`.
  private static func isRelease(_ name: Substring, of model: Substring) -> Bool {
    guard !model.isEmpty, name.hasPrefix(model) else { return false }
    let rest = name.dropFirst(model.count)
    guard let mark = rest.first, "-@:".contains(mark) else { return false }
    let parts = rest.dropFirst().split(omittingEmptySubsequences: false) { "-@:.".contains($0) }
    func isNumber(_ part: Substring) -> Bool { !part.isEmpty && part.allSatisfy(\.isWholeNumber) }
    let isVersion = parts[0].first == "v" && isNumber(parts[0].dropFirst())
    guard isVersion || isNumber(parts[0]),
      parts.dropFirst().allSatisfy({ isNumber($0.first == "v" ? $0.dropFirst() : $0) })
    else { return false }
    // `model-2` may well be another model; `model-0613` is a date.
    return isVersion || parts.reduce(0) { $0 + $1.count } >= 3
  }
}
