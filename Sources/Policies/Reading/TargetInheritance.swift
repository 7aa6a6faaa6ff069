import Core

/// A control that is another target under other words: `control: {like: candidate, system: …}`.
enum TargetInheritance {
  /// The tree with every key of the target named by `like` put into the control, unless it is given there.
  static func applied(to tree: PolicyNode) -> PolicyNode {
    guard let targets = tree.value("targets"), let control = targets.value("control"), let own = control.entries,
      let name = control.value("like")?.scalar, let model = targets.value(name)?.entries
    else { return tree }
    // A label is what tells the control from the target that it is like.
    let inherited = model.filter { entry in entry.key != "name" && !own.contains { $0.key == entry.key } }
    let merged = PolicyNode(content: .mapping(own + inherited), place: control.place)
    return tree.replacing("targets", with: targets.replacing("control", with: merged))
  }
}

extension PolicyNode {
  fileprivate func replacing(_ key: String, with value: PolicyNode) -> PolicyNode {
    var node = self
    node.content = .mapping(
      (entries ?? []).map { entry in
        guard entry.key == key else { return entry }
        var changed = entry
        changed.value = value
        return changed
      })
    return node
  }
}
