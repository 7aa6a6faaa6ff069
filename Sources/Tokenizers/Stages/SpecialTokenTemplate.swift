/// What stands around one encoded text: `[CLS] … [SEP]`.
struct SpecialTokenTemplate: Hashable, Sendable {
  var before: [Int] = []
  var after: [Int] = []
}
