import Core

/// Confirmed attacks as dots in the plane in which they differ most: near dots say nearly the same. No text of an attack is
/// shown, only its category.
struct AttackMap: Sendable {
  let fresh: [RunSummary.FreshSummary]
  let id: Int

  private static let height = 320.0
  private static let mostDots = 1_500
  private static let mostCategories = 12

  /// Dots of one model, with the number of its place in the list of models.
  private var models: [(index: Int, role: String, places: [RunSummary.FreshSummary.Place])] {
    fresh.enumerated().map { ($0, $1.role, Array(($1.map ?? []).prefix(Self.mostDots / max(1, fresh.count)))) }
  }

  /// Empty where there is nothing to compare.
  var markup: Markup {
    let all = models.flatMap(\.places).filter { $0.x.isFinite && $0.y.isFinite }
    guard all.count > 2 else { return "" }
    let across = PlotScale(low: all.map(\.x).min() ?? 0, high: all.map(\.x).max() ?? 1)
    let up = PlotScale(low: all.map(\.y).min() ?? 0, high: all.map(\.y).max() ?? 1)
    func y(_ value: Double) -> Double { 14 + (1 - up.position(value) / 100) * (Self.height - 28) }
    // The model under test on top.
    let dots = models.reversed().map { model -> Markup in
      let groups = Dictionary(grouping: model.places) { $0.category ?? Words.noCategory }
      // A reader who points at a dot sees what it is; in an order that names of categories don't move.
      let marks = model.places.map { $0.category ?? Words.noCategory }.uniqued.map { category -> Markup in
        let own = (groups[category] ?? []).map {
          Figure.mark(x: across.position($0.x), y: y($0.y), Self.shape(model.role))
        }
        return "<g><title>\(Words.list([Words.role(model.role), category]))</title>\(own)</g>"
      }
      return #"<g class="\#(Self.kind(model.role, model.index))">\#(marks)</g>"#
    }
    let names = Self.apart(centres(all).map { ($0, across.position($1), max(12, y($2) - 9)) }).map { category, x, y in
      Figure.label(category, x: x, y: y, kind: "strong halo")
    }
    let chart = Figure.chart(
      id: id, kind: "map", height: Int(Self.height), title: Words.Page.map, description: description,
      "\(dots)\(names)")
    let entries = models.map { model -> Markup in
      """
      <li><svg class="sample" width="18" height="14" aria-hidden="true"><g class="\(Self.kind(model.role, model.index))">\
      \(Figure.mark(x: 50, y: 7, Self.shape(model.role)))</g></svg> \(Words.role(model.role))</li>
      """
    }
    return """
      <h3>\(Words.Page.map)</h3>
      <figure><figcaption class="quiet">\(Words.Page.mapLead)</figcaption><ul class="legend">\(entries)</ul>\(chart)</figure>
      """
  }

  /// Names that would cover an earlier one are left out; the table below has them all.
  private static func apart(_ names: [(String, x: Double, y: Double)]) -> [(String, x: Double, y: Double)] {
    var kept: [(String, x: Double, y: Double)] = []
    for name in names where kept.allSatisfy({ abs($0.x - name.x) > 12 || abs($0.y - name.y) > 15 }) {
      kept.append(name)
    }
    return kept
  }

  /// The categories with most dots, each at the dot nearest to its mean.
  private func centres(
    _ places: [RunSummary.FreshSummary.Place]
  ) -> [(category: String, x: Double, y: Double)] {
    let named = places.filter { $0.category != nil }
    // By place where they are as large, so that what a category is called moves nothing.
    return Dictionary(grouping: named) { $0.category ?? "" }
      .map { category, own in
        let count = Double(own.count)
        let (x, y) = (own.reduce(0) { $0 + $1.x } / count, own.reduce(0) { $0 + $1.y } / count)
        // A mean of several heaps may lie where nothing is: the dot nearest to it stands for it.
        func distance(_ place: RunSummary.FreshSummary.Place) -> Double {
          (place.x - x) * (place.x - x) + (place.y - y) * (place.y - y)
        }
        let nearest = own.min { distance($0) < distance($1) }
        return (size: own.count, category: category, x: nearest?.x ?? x, y: nearest?.y ?? y)
      }
      .sorted { ($1.size, $0.x, $0.y, $0.category) < ($0.size, $1.x, $1.y, $1.category) }
      .prefix(Self.mostCategories).map { ($0.category, $0.x, $0.y) }
  }

  private var description: String {
    models.map { model in
      let categories = Dictionary(grouping: model.places) { $0.category ?? Words.noCategory }
        .sorted { $0.value.count != $1.value.count ? $0.value.count > $1.value.count : $0.key < $1.key }
        .prefix(Self.mostCategories).map { Words.counted($0.value.count, $0.key) }
      return Words.labelled(Words.role(model.role), categories.isEmpty ? Words.none : Words.list(categories))
    }.joined(separator: Words.stop)
  }

  private static func kind(_ role: String, _ index: Int) -> Markup {
    switch role {
    case Role.candidate.description: "dot candidate"
    case Role.baseline.description: "dot baseline"
    case Role.control.description: "dot control"
    default: index % 2 == 0 ? "dot other even" : "dot other odd"
    }
  }

  /// Models are told apart by shape; colour only repeats it.
  private static func shape(_ role: String) -> Markup {
    switch role {
    case Role.candidate.description: #"<circle r="5"/>"#
    case Role.control.description: #"<path d="M0-4.5L4.5 3.5H-4.5z"/>"#
    default: #"<path d="M0-4.5L4.5 0 0 4.5-4.5 0z"/>"#
    }
  }
}

extension [String] {
  /// Each once, in the order of first appearance.
  fileprivate var uniqued: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
